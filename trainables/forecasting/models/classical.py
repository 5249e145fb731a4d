"""A classical baseline as a model: it has nothing to learn, as each series is fitted anew."""

from pathlib import Path

import numpy as np

from automl_on_ray.trainables.forecasting.baselines import BASELINES
from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models.choosing import FitSettings, write_facts


class Classical:
    """A `Forecaster` that is called `model` in the space, and `baseline` among BASELINES."""

    def __init__(self, model: str, baseline: str, settings: FitSettings) -> None:
        self.model, self.baseline, self.settings = model, baseline, settings

    def predict(self, history: History) -> np.ndarray:
        return BASELINES[self.baseline](history, self.settings.threads)

    def save(self, folder: Path) -> None:
        write_facts(folder, {"model": self.model})
