"""The classical baselines as models: they have nothing to learn, as each series is fitted anew."""

from pathlib import Path

import numpy as np

from automl_on_ray.trainables.forecasting.baselines import BASELINES
from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models.forecaster import FitSettings, write_facts

CLASSICAL = {"seasonal_naive": "seasonal naive", "theta": "Theta", "ets": "ETS"}


class Classical:
    """A `Forecaster`; `model` is one of CLASSICAL."""

    def __init__(self, model: str, settings: FitSettings) -> None:
        self.model, self.settings = model, settings

    def predict(self, history: History) -> np.ndarray:
        return BASELINES[CLASSICAL[self.model]](history, self.settings.threads)

    def save(self, folder: Path) -> None:
        write_facts(folder, {"model": self.model})
