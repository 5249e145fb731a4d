"""The nearest rows, of MOST_ROWS at most: of more, prediction would take minutes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from automl_on_ray.trainables.tables.models.choosing import FitSettings
from automl_on_ray.trainables.tables.models.early_stopping import held_part
from automl_on_ray.trainables.tables.models.scikit_learn import FILE, ScikitLearnModel, load as read

MOST_ROWS = 20_000


class Neighbours(ScikitLearnModel):
    """Keeps the newest rows where they are in time; else a part with the same mix of classes."""

    def __init__(self, estimator: Any, settings: FitSettings) -> None:
        super().__init__(estimator)
        self.settings = settings

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Neighbours":
        kept = np.arange(len(y))
        if len(y) > MOST_ROWS and self.settings.in_time:
            kept = kept[-MOST_ROWS:]
        elif len(y) > MOST_ROWS:
            share = 1 - MOST_ROWS / len(y)
            kept, _ = held_part(y, replace(self.settings, groups=None), share=share)
        count = min(self.estimator.n_neighbors, len(kept))
        self.estimator.set_params(n_neighbors=count).fit(x[kept], y[kept])
        return self


def create(config: Mapping[str, Any], settings: FitSettings) -> Neighbours:
    kind = KNeighborsRegressor if settings.task == "regression" else KNeighborsClassifier
    estimator = kind(
        n_neighbors=config["neighbours_count"],
        weights=config["neighbours_weights"],
        p=config["neighbours_power"],
        algorithm="brute",  # trees do not help in many dimensions, and are no plain arrays
        n_jobs=settings.threads,
    )
    return Neighbours(estimator, settings)


def load(folder: Path, settings: FitSettings) -> Neighbours:
    estimator = read(folder / FILE, ())
    return Neighbours(estimator.set_params(n_jobs=settings.threads), settings)
