"""A trial that fits its config fold by fold, so that a scheduler can end it after the first.

What a fold is, the kind of data says: a part of the examples, or what comes after a point in time.
"""

import json
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from ray import tune

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import check_keywords
from automl_on_ray.trainables._ray_internals import refuse_pickle

PROGRESS, ARRAYS = "progress.json", "fold_{}.npz"


@dataclass(frozen=True)
class Judged:
    """What was found of one fold: `metrics` of what it holds out, of which means are reported.

    `arrays` are kept in the trial's checkpoint for the end of the study, such as the predictions
    of what was held out. `predict_seconds` is what they took.
    """

    metrics: Mapping[str, float]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    predict_seconds: float = 0.0


@dataclass(frozen=True)
class FoldsDone:
    """What a trial's checkpoint says of it: of each fold its metrics, and its arrays by name."""

    metrics: tuple[Mapping[str, float], ...] = ()
    arrays: tuple[Mapping[str, np.ndarray], ...] = ()


class FoldByFold(tune.Trainable):
    """Each step fits one fold, from the first on; it reports means over those so far.

    A metric `m` of `Judged` is reported as `val_m`, beside `fit_seconds` (of all folds so far, with
    their predictions) and `predict_seconds` (of a fold, the mean). A `final` trial fits all that
    the study learns from in one step and reports `test_m` of the test part.

    A subclass has METRICS, TEST_METRICS and `read_data`, as a trainable with its own data, and what
    is abstract here.
    """

    STEP: ClassVar[str] = "fold"  # what a step is called, wherever steps are counted

    member: Config
    fit_seed: int
    _done: FoldsDone

    def setup(  # type: ignore[override]
        self, config: Config, *, space: SearchSpace, final: bool = False, **keywords: Any
    ) -> None:
        """`config["seed"]`, if there is one, starts all that is random in place of the study's.

        Raises UserError if the config is not a member of `space`, or the data cannot be had.
        """
        check_keywords(keywords, self.data_keywords())
        self.space, self.final = space, final
        self.seed = int(keywords.get("seed", 0))
        self.data = self.read_data(keywords)
        self._begin(config)

    @classmethod
    @abstractmethod
    def data_keywords(cls) -> type:
        """The TypedDict of the keywords that say which data a trial takes, `seed` among them."""

    @classmethod
    @abstractmethod
    def read_data(cls, keywords: Mapping[str, Any]) -> Any:
        """The data of these keywords. UserError if they cannot be had."""

    @abstractmethod
    def folds(self) -> int:
        """How many folds `self.data` has."""

    @abstractmethod
    def judge(self, fold: int | None) -> Judged:
        """Fit `self.member` with what comes before a fold, or with all for the test part (None).

        `self.fit_seed` starts what is random, and `self.threads()` may be busy.
        """

    def reset_config(self, new_config: Config) -> bool:
        """Start again with another config; the data stay."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        fold = None if self.final else len(self._done.metrics)
        started = time.perf_counter()
        judged = self.judge(fold)
        costs = {
            "fit_seconds": time.perf_counter() - started,
            "predict_seconds": judged.predict_seconds,
        }
        self._done = FoldsDone(
            (*self._done.metrics, {**judged.metrics, **costs}),
            (*self._done.arrays, judged.arrays),
        )
        return {**self._reported(), "done": self.final or len(self._done.metrics) == self.folds()}

    def threads(self) -> int:
        given = self.trial_resources.required_resources if self.trial_resources else {}
        return max(1, int(given.get("CPU", 1)))

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        folder = Path(checkpoint_dir)
        for number, arrays in enumerate(self._done.arrays):
            np.savez(folder / ARRAYS.format(number), **dict[str, Any](arrays))
        (folder / PROGRESS).write_text(json.dumps(list(self._done.metrics)))

    def load_checkpoint(self, checkpoint: Any) -> None:
        self._done = read_folds(checkpoint)

    def restore(self, checkpoint_path: Any) -> None:
        refuse_pickle(checkpoint_path)
        super().restore(checkpoint_path)

    def _begin(self, config: Config) -> None:
        self.member, own_seed = member_and_seed(self.space, config)
        self.fit_seed = self.seed if own_seed is None else own_seed
        self._done = FoldsDone()

    def _reported(self) -> dict[str, float]:
        """Without what cannot be had of each fold, as a mean of other folds would mislead."""
        part, done = "test" if self.final else "val", self._done.metrics
        names = [name for name in done[0] if all(name in of_fold for of_fold in done)]
        means = {name: float(np.mean([of_fold[name] for of_fold in done])) for name in names}
        costs = {
            "fit_seconds": len(done) * means.pop("fit_seconds"),
            "predict_seconds": means.pop("predict_seconds"),
        }
        known = {f"{part}_{name}": value for name, value in means.items() if np.isfinite(value)}
        return {**known, **costs}


def read_folds(checkpoint: str | Path) -> FoldsDone:
    """What a trial's checkpoint folder says. Nothing in its files can run code."""
    folder = Path(checkpoint)
    metrics = json.loads((folder / PROGRESS).read_text())
    arrays = []
    for number in range(len(metrics)):
        with np.load(folder / ARRAYS.format(number), allow_pickle=False) as stored:
            arrays.append({name: stored[name] for name in stored.files})
    return FoldsDone(tuple(metrics), tuple(arrays))


def member_and_seed(space: SearchSpace, config: Mapping[str, Any]) -> tuple[Config, int | None]:
    """The member of `space` that a trial's config names, and its own seed if it carries one.

    UserError if it is none.
    """
    member = space.plain(config)
    seed = None if "seed" in space.all else member.pop("seed", None)
    member = space.active(member)
    space.check(member)
    return member, seed
