"""The Theta method."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models.choosing import FitSettings
from automl_on_ray.trainables.forecasting.models.classical import Classical


def fit(config: Mapping[str, Any], history: History, settings: FitSettings) -> Classical:
    return Classical("theta", "Theta", settings)


def load(folder: Path) -> Classical:
    return Classical("theta", "Theta", FitSettings())
