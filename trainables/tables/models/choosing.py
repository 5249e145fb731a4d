"""What every model can, and how one is found by its name."""

import importlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

# What a model imports, beside scikit-learn.
LIBRARIES = {"lightgbm": "lightgbm", "catboost": "catboost", "xgboost": "xgboost",
             "network": "torch"}  # fmt: skip
BOOSTING_SHARE = 0.8  # of a fit's time limit; the rest is for preparation before, and prediction


@dataclass(frozen=True)
class FitSettings:
    """`task` is "binary", "multiclass" or "regression"; `classes` are codes 0 .. classes - 1.

    `categories` are columns that hold codes of categories. Rows may be `in_time`, later ones last,
    and belong to `groups` (n,), codes: what a fit holds out of its own rows is of other groups.
    `time_limit` is of the fit, in seconds from `started` (by `time.monotonic`) on: models that can
    end early keep what they have when it is nearly over.
    """

    task: str
    classes: int = 0
    seed: int = 0
    threads: int = 1
    categories: tuple[int, ...] = ()
    in_time: bool = False
    groups: np.ndarray | None = field(default=None, repr=False, compare=False)
    time_limit: float | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def time_is_up(self) -> bool:
        if self.time_limit is None:
            return False
        return time.monotonic() - self.started > BOOSTING_SHARE * self.time_limit


class Model(Protocol):
    """A model of (n, columns) float64 arrays, in which NaN may be where its preparation leaves it.

    `predict` gives (n, classes) probabilities, or (n,) values. `save` writes to a folder that is
    there, in a format that cannot hold code.
    """

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Model": ...

    def predict(self, x: np.ndarray) -> np.ndarray: ...

    def save(self, folder: Path) -> None: ...


def create_model(config: Mapping[str, Any], settings: FitSettings) -> Model:
    """The model that a config of the space `tables` names. ImportError without its library."""
    model: Model = _module(config["model"]).create(config, settings)
    return model


def load_model(name: str, folder: Path, settings: FitSettings) -> Model:
    """What `save` wrote there. ValueError for a file with other types than the model has."""
    model: Model = _module(name).load(folder, settings)
    return model


def _module(name: str) -> ModuleType:
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no model.")
    return importlib.import_module(f"{__package__}.{name}_model")
