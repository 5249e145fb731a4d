"""Ours: the parts of `workflows/automl.py` in one process, under a budget of CPU seconds.

Trials, searchers, ASHA, greedy selection and bagging are the project's own, with the defaults of
the command. Left out are Ray's processes, MLflow and the test report: they cost CPU that no other
tool here has, and are no part of the search. A fit has its own process as always, and counts.
"""

import itertools
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
from ray.tune import PlacementGroupFactory
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.tables import SPACE
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.studies.tables.portfolio import portfolio_of
from automl_on_ray.trainables.tables import (
    METRICS,
    Bagged,
    FittedPipeline,
    Table,
    TableKeywords,
    TablePipeline,
    load_table,
    read_progress,
    select,
)
from automl_on_ray.trainables.tables.conform import conform
from benchmarks.tabular.data import FOLDS, JUDGING, by_name, read
from benchmarks.tabular._exchange import Asked, counted, cpu_seconds, read_asked, write_answer

EPOCHS = FOLDS + 1  # the first fold comes before, on a part of its rows
POLL = 0.2  # seconds by the clock
TRIALS = 1_000  # more than any budget here allows
# Of one fit, by the clock: a study has a sixth of its time for it, but the machine for itself.
FIT_SHARE, FIT_SECONDS = 1 / 3, 30.0
SEARCHERS = {"random": "random", "tpe": "optuna", "ax": "bayesian", "portfolio": "optuna",
             "controller": "reinforce"}  # fmt: skip


@dataclass
class Search:
    """A searcher and a scheduler over trials, one after the other."""

    searcher: Searcher
    scheduler: Any  # of Tune; it is given no controller and of a trial only the id, as ASHA needs
    start: Callable[[Config], TablePipeline]
    folder: Path  # of the checkpoints of whole trials, by name
    spent: Callable[[], bool]
    tried: int = 0
    whole: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Until the budget is spent, but not before one trial is whole."""
        for name in map(str, itertools.count()):
            config = self._suggestion(name)
            if config is None:
                return
            self.tried += 1
            try:
                self._trial(name, config)
            except Exception as error:  # a pipeline that cannot be fitted is no end of a search
                print(name, config, error, file=sys.stderr)
                self.searcher.on_trial_complete(name, error=True)
            if self.spent() and self.whole:
                return

    def _suggestion(self, name: str) -> Config | None:
        """None if there are no more, or the budget was spent while a model thought."""
        while (config := self.searcher.suggest(name)) is None:
            if self.spent() and self.whole:
                return None
            time.sleep(POLL)
        return config if isinstance(config, dict) else None

    def _trial(self, name: str, config: Config) -> None:
        trial, known = self.start(config), SimpleNamespace(trial_id=name)
        try:
            result = self._steps(trial, known)
        finally:
            trial.stop()
        if result is not None:
            self.scheduler.on_trial_complete(None, known, result)
            self.searcher.on_trial_complete(name, result)

    def _steps(self, trial: TablePipeline, known: Any) -> dict[str, Any] | None:
        """As far as the scheduler lets it; None if the budget was spent on the way."""
        self.scheduler.on_trial_add(None, known)
        while True:
            result = trial.train()
            if result["done"]:
                trial.save(str(self.folder / known.trial_id))
                self.whole.append(known.trial_id)
                return result
            if self.spent() and self.whole:
                return None
            self.searcher.on_trial_result(known.trial_id, result)
            if self.scheduler.on_trial_result(None, known, result) == TrialScheduler.STOP:
                return result


def find(asked: Asked, test: pd.DataFrame, folder: Path) -> tuple[Bagged, dict[str, Any]]:
    """The model after `asked.seconds` of CPU, and what there is to tell."""
    end = cpu_seconds() + asked.seconds
    data_set = by_name([asked.data_set], JUDGING)[0]
    keywords: TableKeywords = {
        "dataset": data_set.name, "frame": read(data_set), "target": asked.target,
        "task": asked.task, "folds": FOLDS, "seed": asked.seed,
    }  # fmt: skip
    table = load_table(keywords)
    _check_same_test(table, test)
    bound: dict[str, Any] = {
        **keywords,
        "space": SPACE,
        "time_limit": max(FIT_SECONDS, FIT_SHARE * asked.seconds),
    }
    more_is_better = METRICS[asked.task][asked.metric] == "max"
    objective = Objective(f"val_{asked.metric}", "max" if more_is_better else "min")
    search = Search(
        _searcher(asked, objective), _scheduler(asked, objective), lambda c: _trial(c, bound),
        folder, lambda: cpu_seconds() > end,
    )  # fmt: skip
    search.run()
    weights = select(
        {name: read_progress(folder / name).predictions for name in search.whole}, table.answers,
        loss=asked.metric,
    )  # fmt: skip
    facts = {"tried": search.tried, "whole": len(search.whole), "models": len(weights)}
    return _bagged(weights, table, folder), facts


def _searcher(asked: Asked, objective: Objective) -> Searcher:
    points: tuple[Config, ...] = ()
    if asked.way == "portfolio":
        points = tuple(portfolio_of(SPACE))
    elif asked.way != "random" and SPACE.start:
        points = (dict(SPACE.start),)
    settings = SearcherSettings(
        SPACE, (objective,), asked.seed, EPOCHS, points=points, samples=TRIALS
    )
    return create_searcher(SEARCHERS[asked.way], settings)


def _scheduler(asked: Asked, objective: Objective) -> TrialScheduler:
    return create_scheduler("asha", SchedulerSettings(SPACE, objective, EPOCHS, TRIALS, asked.seed))


def _trial(config: Config, keywords: Mapping[str, Any]) -> TablePipeline:
    class Bound(TablePipeline):  # as tune.with_parameters binds keywords
        trial_resources = PlacementGroupFactory([{"CPU": 1}])

        def setup(self, config: Config) -> None:  # type: ignore[override]
            super().setup(config, **keywords)

    return Bound(config=config)


def _bagged(weights: Mapping[str, float], table: Table, folder: Path) -> Bagged:
    members = {
        name: (weight, [FittedPipeline.load(folder / name / f"fold_{k}") for k in range(FOLDS)])
        for name, weight in weights.items()
    }
    return Bagged(members, classes=table.classes, kinds=table.kinds, formats=table.formats)


def _check_same_test(table: Table, test: pd.DataFrame) -> None:
    """RuntimeError if the study would part the rows in another way than the bar does."""
    known = conform(test, table.kinds, table.formats).astype(object)
    if not known.equals(table.test_features.reset_index(drop=True).astype(object)):
        raise RuntimeError("The study's test part is not the bar's.")


def main(folder: Path) -> None:
    asked, _, test = read_asked(folder)
    facts: dict[str, Any] = {}
    with counted(facts, "search_seconds"):
        model, found = find(asked, test, folder)
    with counted(facts, "predict_seconds"):
        predictions = model.predict(test)
    write_answer(folder, predictions, {**facts, **found})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
