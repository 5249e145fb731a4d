"""Fits and loads the model that a config names."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models.classical import CLASSICAL, Classical
from automl_on_ray.trainables.forecasting.models.forecaster import (
    FitSettings,
    Forecaster,
    read_facts,
)


def fit(config: Mapping[str, Any], history: History, settings: FitSettings) -> Forecaster:
    """The model that a config of the space `forecast` names, fitted with all of `history`.

    ValueError if the history is too short to learn from.
    """
    if config["model"] in CLASSICAL:
        return Classical(config["model"], settings)
    made: Forecaster = _module(config["model"]).fit(config, history, settings)
    return made


def load(folder: str | Path) -> Forecaster:
    """What `save` wrote there. No code in the files is run."""
    folder = Path(folder)
    name = read_facts(folder)["model"]
    if name in CLASSICAL:
        return Classical(name, FitSettings())
    made: Forecaster = _module(name).load(folder)
    return made


def _module(name: str) -> ModuleType:
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no model.")
    return importlib.import_module(f"{__package__}.{name}_model")
