"""What every model of series can, and how one is found by its name."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class FitSettings:
    """Labels are codes 0 .. classes - 1; a class may have no series to fit."""

    classes: int
    seed: int = 0
    threads: int = 1


class Model(Protocol):
    """A model of (n, channels, length) float32 series, NaN after the end of a shorter one.

    What it is asked may be longer or shorter than what it was fitted to. `predict` gives
    (n, classes) probabilities. `save` writes to a folder that is there, in a format that cannot
    hold code.
    """

    def predict(self, values: np.ndarray) -> np.ndarray: ...

    def save(self, folder: Path) -> None: ...


def fit(
    config: Mapping[str, Any], values: np.ndarray, labels: np.ndarray, settings: FitSettings
) -> Model:
    """The model that a config of the space `series` names, fitted to these series alone."""
    model: Model = _module(config["model"]).fit(config, values, labels, settings)
    return model


def load(name: str, folder: Path, threads: int = 1) -> Model:
    """What `save` of the model of that name wrote there."""
    model: Model = _module(name).load(folder, threads)
    return model


def _module(name: str) -> ModuleType:
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no model.")
    return importlib.import_module(f"{__package__}.{name}_model")
