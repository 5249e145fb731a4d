"""Cross-validates a scikit-learn estimator, one fold a step, so that a scheduler may cut it."""

import copy
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.base
import sklearn.utils
from ray import tune
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import check_cv, cross_validate

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError, near_miss
from automl_on_ray.trainables.tables.models import skops

MODEL, SCORES = "model.skops", "scores.json"


@dataclass(frozen=True)
class CrossValidated:
    """A scikit-learn `model` with its rows: (n, ...) `features`, and (n,) `targets`.

    `scorers` are names of scikit-learn's, higher being better. `folds` is a number, or a splitter
    of scikit-learn's. `test` are rows that the final model alone sees, at its end. UserError for
    what scikit-learn would refuse in every trial.
    """

    model: Any
    features: Any = field(repr=False)
    targets: Any = field(repr=False)
    scorers: Sequence[str]
    folds: Any = 5
    test: tuple[Any, Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        known = get_scorer_names()
        for name in self.scorers:
            if name not in known:
                raise UserError(
                    f"Unknown metric {name!r} for {type(self.model).__name__}."
                    f"{near_miss(name, known)} Scikit-learn's scorers are meant, such as accuracy, "
                    "roc_auc, r2, neg_root_mean_squared_error."
                )
        try:
            if self.targets is None:
                raise ValueError("there are no targets")
            features, targets = sklearn.utils.indexable(self.features, self.targets)
            object.__setattr__(self, "features", features)
            object.__setattr__(self, "targets", targets)
            if self.test is not None:
                sklearn.utils.check_consistent_length(*self.test)
            self.splits(0)
        except (TypeError, ValueError) as error:
            raise UserError(f"The data cannot be cross-validated: {error}") from None

    def as_trainable(self) -> tuple[type[tune.Trainable], dict[str, Any]]:
        """The class of its trials, and the keywords that they need."""
        return EstimatorTrainable, {"cross_validated": self}

    @property
    def count(self) -> int:
        """Folds, and so steps of a trial."""
        return len(self.splits(0))

    def with_parameters(self, config: Config, *, seed: int) -> Any:
        """A copy of the model, not fitted. ValueError for a parameter that it does not have."""
        model = sklearn.base.clone(self.model)
        return model.set_params(**dict(_parameters(config)), **_seeds(model, seed))

    def check(self, config: Config) -> None:
        """UserError for a parameter that the model does not have."""
        try:
            self.with_parameters(config, seed=0)
        except ValueError as error:
            raise UserError(
                f"The space does not fit {type(self.model).__name__}: {error}"
            ) from None

    def splits(self, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Rows to train with and to score, for each fold: the same for all trials of a seed."""
        classifies = sklearn.base.is_classifier(self.model)
        splitter = copy.copy(check_cv(self.folds, self.targets, classifier=classifies))
        if isinstance(self.folds, Integral):
            splitter.shuffle = True
        if getattr(splitter, "shuffle", True) and getattr(splitter, "random_state", 0) is None:
            splitter.random_state = seed
        return list(splitter.split(self.features, self.targets))


class EstimatorTrainable(tune.Trainable):
    """A config's keys are the estimator's parameters; of a step's, `svc__C` or nested dicts.

    Reports the mean of each score over the folds done. A `final` trial fits all rows in one step,
    and keeps the model.
    """

    def setup(  # type: ignore[override]
        self, config: Config, *, cross_validated: CrossValidated, seed: int = 0, final: bool = False
    ) -> None:
        self._own, self._final, self._seed = cross_validated, final, seed
        self._splits = [] if final else cross_validated.splits(seed)
        self._begin(config)

    def _begin(self, config: Config) -> None:
        own = {key: value for key, value in config.items() if key != "seed"}
        self._model = self._own.with_parameters(own, seed=int(config.get("seed", self._seed)))
        self._scores: dict[str, list[float]] = {name: [] for name in self._own.scorers}
        self._done = 0

    def step(self) -> dict[str, Any]:
        if self._final:
            return self._fit_all()
        found = cross_validate(
            self._model, self._own.features, self._own.targets, scoring=list(self._scores),
            cv=[self._splits[self._done]], error_score="raise",
        )  # fmt: skip
        for name, values in self._scores.items():
            values.append(float(found[f"test_{name}"][0]))
        self._done += 1
        means = {name: float(np.mean(values)) for name, values in self._scores.items()}
        return {**means, "done": self._done == len(self._splits)}

    def _fit_all(self) -> dict[str, Any]:
        self._model.fit(self._own.features, self._own.targets)
        tested = {}
        if self._own.test is not None:
            names = self._own.scorers
            tested = {
                f"test_{name}": float(get_scorer(name)(self._model, *self._own.test))
                for name in names
            }
        return {"rows": len(self._own.targets), **tested, "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        told = {"done": self._done, "scores": self._scores}
        (Path(checkpoint_dir) / SCORES).write_text(json.dumps(told))
        if self._final:
            skops().dump(self._model, Path(checkpoint_dir) / MODEL)

    def load_checkpoint(self, checkpoint: Any) -> None:
        told = json.loads((Path(checkpoint) / SCORES).read_text())
        self._done, self._scores = told["done"], told["scores"]

    def reset_config(self, new_config: Config) -> bool:
        self._begin(new_config)
        return True


def load_estimator(folder: Path) -> Any:
    """The fitted estimator in a final trial's checkpoint: classes of scikit-learn, and numbers.

    UserError for an estimator with other types, whose code the file could choose.
    """
    unknown = skops().get_untrusted_types(file=folder / MODEL)
    foreign = [name for name in unknown if not _is_class_of_sklearn(name)]
    if foreign:
        raise UserError(
            f"{folder / MODEL} holds {', '.join(foreign)}, which may be anybody's code. If you "
            "trust it, load it with skops.io.load(path, trusted=[...])."
        )
    return skops().load(folder / MODEL, trusted=unknown)


def _is_class_of_sklearn(name: str) -> bool:
    """Whether it is a class that is defined there: no function, and nothing imported by it.

    Skops knows its estimators only, not the trees, kernels and neighbours within them.
    """
    module, _, leaf = name.rpartition(".")
    if not module.startswith("sklearn."):
        return False
    try:
        found = getattr(importlib.import_module(module), leaf, None)
    except ImportError:
        return False
    return isinstance(found, type) and found.__module__ == module


def _parameters(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _parameters(value, f"{prefix}{key}__")
        else:
            yield f"{prefix}{key}", value


def _seeds(model: Any, seed: int) -> dict[str, int]:
    """For what would draw from numpy's own stream."""
    return {
        name: seed
        for name, value in model.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
