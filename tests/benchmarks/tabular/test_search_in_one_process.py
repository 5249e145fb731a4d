"""Ours in the bar: the project's own parts in one process, until a budget is spent."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from ray.tune.schedulers import TrialScheduler

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.tables import SPACE
from automl_on_ray.studies.tables.portfolio import portfolio_of
from benchmarks.tabular import _ours, bar
from benchmarks.tabular._exchange import Asked, read_answer, write_asked
from benchmarks.tabular._ours import EPOCHS, Search, _scheduler, _searcher
from benchmarks.tabular.data import JUDGING, by_name, read, split

ASKED = Asked("random", "attrition", "Attrition", "binary", "auc", 1, 0, ("No", "Yes"))
OBJECTIVE = Objective("val_auc", "max")


class Dated:
    """A trial whose values are known beforehand; it fails where there is none."""

    def __init__(self, values):
        self.values, self.steps, self.stopped = values, 0, False

    def train(self):
        self.steps += 1
        value = self.values[self.steps - 1]
        if value is None:
            raise MemoryError
        return {"val_auc": value, "training_iteration": self.steps, "done": self.steps == EPOCHS}

    def save(self, folder):
        self.saved = folder

    def stop(self):
        self.stopped = True


def searched(tmp_path, curves, spent):
    trials = [Dated(curve) for curve in curves]
    left = iter(trials)
    search = Search(
        _searcher(ASKED, OBJECTIVE), _scheduler(ASKED, OBJECTIVE), lambda _: next(left), tmp_path,
        lambda: spent(trials),
    )  # fmt: skip
    search.run()
    return search, trials


def at_the_end_of(count):
    """A budget that is spent once so many trials have ended."""
    return lambda trials: sum(each.stopped for each in trials) >= count


def test_a_trial_that_is_not_among_the_better_third_ends_early(tmp_path):
    curves = [[0.8] * EPOCHS, [0.7] * EPOCHS, [0.9] * EPOCHS]
    search, trials = searched(tmp_path, curves, at_the_end_of(3))
    assert [each.steps for each in trials] == [EPOCHS, 1, EPOCHS]
    assert search.whole == ["0", "2"]
    assert search.tried == 3


def test_a_trial_that_fails_is_no_end_of_the_search(tmp_path):
    search, trials = searched(tmp_path, [[0.8, None], [0.9] * EPOCHS], at_the_end_of(2))
    assert search.whole == ["1"]
    assert all(each.stopped for each in trials)


def test_a_searcher_that_is_not_ready_is_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr(_ours, "POLL", 0)
    answers = iter([None, None, dict(SPACE.start), "FINISHED"])
    searcher = SimpleNamespace(
        suggest=lambda _: next(answers), on_trial_result=lambda *_: None,
        on_trial_complete=lambda *_, **__: None,
    )  # fmt: skip
    trial = Dated([0.8] * EPOCHS)
    search = Search(
        searcher, _scheduler(ASKED, OBJECTIVE), lambda _: trial, tmp_path, lambda: False
    )
    search.run()
    assert search.whole == ["0"]


def test_a_budget_ends_no_search_before_one_trial_is_whole(tmp_path):
    search, trials = searched(tmp_path, [[0.8] * EPOCHS, [0.9] * EPOCHS], lambda _: True)
    assert search.whole == ["0"]
    assert [each.steps for each in trials] == [EPOCHS, 0]


@pytest.mark.parametrize(
    ("way", "first"),
    [("tpe", SPACE.start), ("controller", SPACE.start), ("portfolio", portfolio_of(SPACE)[0])],
)
def test_a_way_begins_where_a_study_begins(way, first):
    """Ax does too, in a process of its own, of which its own tests tell."""
    searcher = _searcher(Asked(**{**ASKED.__dict__, "way": way}), OBJECTIVE)
    assert searcher.suggest("0") == first
    SPACE.check(searcher.suggest("1"))


def test_the_scheduler_is_the_projects_asha():
    scheduler = _scheduler(ASKED, OBJECTIVE)
    known = [SimpleNamespace(trial_id=name) for name in "abc"]
    told = []
    for trial, value in zip(known, (0.5, 0.9, 0.6), strict=True):
        scheduler.on_trial_add(None, trial)
        told.append(
            scheduler.on_trial_result(None, trial, {"val_auc": value, "training_iteration": 1})
        )
    assert told == [TrialScheduler.CONTINUE, TrialScheduler.CONTINUE, TrialScheduler.STOP]


def test_the_shortest_run_ends_with_a_model_that_beats_a_constant(tmp_path):
    (attrition,) = by_name(["attrition"], JUDGING)
    train, test = split(read(attrition), attrition, 0)
    write_asked(tmp_path, replace(ASKED, way="portfolio", seconds=0), train, test)
    _ours.main(tmp_path)
    predictions, facts = read_answer(tmp_path)
    assert bar.value(attrition, test["Attrition"], predictions) > 0.7
    assert facts["whole"] == facts["models"] == 1
    assert np.isfinite(facts["search_seconds"])
    assert bar.program("portfolio") == _ours.__name__
