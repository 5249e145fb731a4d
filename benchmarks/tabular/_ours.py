"""Ours: the parts of `workflows/automl.py` in one process, under a budget of CPU seconds.

Trials, searchers, ASHA, greedy selection and bagging are the project's own, with the defaults of
the command. Left out are Ray's processes, MLflow and the test report: they cost CPU that no other
tool here has, and are no part of the search. A fit has its own process as always, and counts.
"""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables.tables import TablePipeline

FOLDS = 5
EPOCHS = FOLDS + 1  # the first fold comes before, on a part of its rows
SEARCHERS = {"random": "random", "tpe": "optuna", "ax": "bayesian", "portfolio": "optuna",
             "controller": "reinforce"}  # fmt: skip
TRIALS = 1_000  # more than any budget here allows


@dataclass
class Search:
    """A searcher and a scheduler over trials, one after the other."""

    searcher: Searcher
    scheduler: TrialScheduler
    start: Callable[[Config], TablePipeline]
    folder: Path  # of the checkpoints of whole trials
    tried: int = 0
    whole: list[str] = field(default_factory=list)

    def run(self, spent: Callable[[], bool]) -> None:
        """Until `spent`, but not before one trial is whole."""
        for name in map(str, itertools.count()):
            config = self.searcher.suggest(name)
            if not isinstance(config, dict):
                return
            self.tried += 1
            try:
                ended = self._trial(name, config, spent)
            except Exception as error:  # a pipeline that cannot be fitted is no end of a search
                print(name, config, error, file=sys.stderr)
                self.searcher.on_trial_complete(name, error=True)
                ended = spent() and bool(self.whole)
            if ended:
                return

    def _trial(self, name: str, config: Config, spent: Callable[[], bool]) -> bool:
        """One trial, as far as the scheduler lets it; whether the budget is spent."""
        trial, asked = self.start(config), SimpleNamespace(trial_id=name)
        self.scheduler.on_trial_add(None, asked)
        while True:
            result = trial.train()
            if result["done"] or result["training_iteration"] >= EPOCHS:
                break
            if spent() and self.whole:
                return True
            self.searcher.on_trial_result(name, result)
            if self.scheduler.on_trial_result(None, asked, result) == TrialScheduler.STOP:
                self.searcher.on_trial_complete(name, result)
                return False
        self.scheduler.on_trial_complete(None, asked, result)
        self.searcher.on_trial_complete(name, result)
        trial.save(str(self.folder / name))
        self.whole.append(name)
        return spent()
