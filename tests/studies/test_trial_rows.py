"""What is left of a study's trials: how each ended, and which of them are the best."""

import math
from types import SimpleNamespace

import pytest
from pyarrow.fs import LocalFileSystem
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import ENDED_BY_ITSELF, Objective
from automl_on_ray.studies import Row
from automl_on_ray.studies.finish.terminal_report import print_trials
from automl_on_ray.studies.trial_rows import pareto_front, row_of, scored
from automl_on_ray.trainables._printed import FILE

GOALS = (Objective("accuracy"), Objective("size", "min"))


def row(name, accuracy, size, outcome="completed"):
    return Row(name, {"x": name}, {"accuracy": accuracy, "size": size}, outcome, 3)


ROWS = [
    row("the best", 0.9, 50.0), row("as good, larger", 0.9, 60.0), row("in the middle", 0.8, 20.0),
    row("its twin", 0.8, 20.0), row("worse and larger", 0.7, 30.0), row("the smallest", 0.5, 10.0),
    row("as small, worse", 0.4, 10.0),
]  # fmt: skip
FRONT = ["the best", "in the middle", "its twin", "the smallest"]


def test_a_trial_is_of_the_front_if_no_other_is_as_good_in_all_and_better_in_one():
    assert [each.trial_id for each in pareto_front(ROWS, GOALS)] == FRONT
    assert [each.trial_id for each in pareto_front(ROWS, GOALS[:1])] == [
        "the best", "as good, larger",
    ]  # fmt: skip


def shown(rows, objectives, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    print_trials(rows, objectives)
    return capsys.readouterr().out


def test_of_several_objectives_the_front_is_shown_and_of_one_the_five_best(monkeypatch, capsys):
    table = shown(ROWS, GOALS, monkeypatch, capsys)
    assert "Pareto front" in table
    assert {each.trial_id for each in ROWS if f" {each.trial_id} " in table} == set(FRONT)
    table = shown([*ROWS][::-1], GOALS[:1], monkeypatch, capsys)
    assert "Best trials" in table
    places = [table.find(f" {each.trial_id} ") for each in ROWS]
    assert all(place > 0 for place in places[:5])
    assert places[5:] == [-1, -1]
    assert max(places[:2]) < min(places[2:4]) < places[4]


def test_all_outcomes_are_counted(monkeypatch, capsys):
    rows = [*ROWS[:2], row("a", 0.1, 1, "pruned"), row("b", 0.1, 1, "failed"),
            row("c", 0.1, 1, "stopped")]  # fmt: skip
    assert shown(rows, GOALS, monkeypatch, capsys).splitlines()[-1] == (
        "5 trials: 2 completed, 1 stopped early by the scheduler, 1 failed, 1 unfinished."
    )
    assert shown(rows[:1], GOALS, monkeypatch, capsys).splitlines()[-1] == "1 trial: 1 completed."
    none = [Row("a", {}, {}, "infeasible", 0), Row("b", {}, {}, "limited", 0)]
    assert shown(none, GOALS, monkeypatch, capsys).splitlines() == [
        "2 trials: 1 beyond a --limit and never trained, 1 ended by the limit of a fit."
    ]


@pytest.mark.parametrize(
    ("status", "steps", "stopped", "outcome"),
    [
        ("TERMINATED", 3, False, "completed"), ("TERMINATED", 4, False, "completed"),
        ("TERMINATED", 2, False, "pruned"), ("TERMINATED", 2, True, "stopped"),
        ("TERMINATED", 3, True, "stopped"), ("TERMINATED", 0, False, "stopped"),
        ("PAUSED", 2, False, "stopped"), ("PENDING", 3, False, "stopped"),
    ],
)  # fmt: skip
def test_how_a_trial_ended(status, steps, stopped, outcome):
    trial = Trial("stub", stub=True, config={"x": 1})
    if steps:
        trial.update_last_result({"accuracy": 0.5, "training_iteration": steps})
    trial.set_status(status)
    found = row_of(trial, max_t=3, stopped=stopped)
    assert (found.outcome, found.iterations, found.error) == (outcome, steps, None)
    assert found.config == {"x": 1}


def ended(status, last, config=None):
    trial = Trial("stub", stub=True, config=config or {})
    trial.storage = SimpleNamespace(trial_driver_staging_path="")
    for result in last:
        trial.update_last_result(result)
    trial.set_status(status)
    return trial


def test_a_row_has_what_each_metric_was_reported_as_last():
    row = row_of(
        ended("TERMINATED", [
            {"training_iteration": 1, "accuracy": 0.5, "val": {"loss": 2.0}, "note": "first"},
            {"training_iteration": 3, "accuracy": 0.75},
        ]),
        max_t=3,
    )  # fmt: skip
    assert (row.metrics["accuracy"], row.metrics["val/loss"]) == (0.75, 2.0)
    assert "note" not in row.metrics
    assert (row.outcome, row.iterations, row.printed) == ("completed", 3, "")
    assert row.as_dict()["metrics"] == row.metrics


def test_a_trial_that_ended_by_itself_has_done_all_that_it_should():
    for more, outcome in (({ENDED_BY_ITSELF: True}, "completed"), ({}, "pruned")):
        last = [{"training_iteration": 1, "accuracy": 0.5, **more}]
        assert row_of(ended("TERMINATED", last), max_t=3).outcome == outcome


def test_a_failed_trial_has_failed_also_where_a_budget_ended_the_study():
    for stopped in (True, False):
        row = row_of(ended("ERROR", [{"training_iteration": 3}]), max_t=3, stopped=stopped)
        assert row.outcome == "failed"
        assert row.error is not None


def test_only_rows_with_every_objective_are_scored():
    rows = [row("a", 0.5, 1.0), row("b", 0.75, math.nan), row("c", 0.25, 2.0)]
    assert [each.trial_id for each in scored(rows, GOALS)] == ["a", "c"]
    assert [each.trial_id for each in scored(rows, GOALS[:1])] == ["b", "a", "c"]


def test_a_failed_trials_row_says_where_its_output_is(tmp_path):
    for status, printed in (("ERROR", f"{tmp_path}/{FILE}"), ("TERMINATED", "")):
        made = ended(status, [{"training_iteration": 3}])
        made.storage.trial_fs_path = str(tmp_path)
        made.storage.storage_filesystem = LocalFileSystem()
        (tmp_path / FILE).write_text("its words")
        assert row_of(made, max_t=3).printed == printed
