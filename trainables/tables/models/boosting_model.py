"""Scikit-learn's histogram gradient boosting."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from automl_on_ray.trainables.tables.models.choosing import FitSettings
from automl_on_ray.trainables.tables.models.early_stopping import MOST_ROUNDS, PATIENCE, held_part
from automl_on_ray.trainables.tables.models.scikit_learn import FILE, ScikitLearnModel, load as read

TRUSTED = (
    "functools.partial",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
)
LEAST_GAIN = 1e-4  # of the held part's loss in PATIENCE rounds; of numbers, of their variance


class Boosting(ScikitLearnModel):
    """Judges when to stop by rows of its own choice, so that no class has to have two."""

    def __init__(self, estimator: Any, settings: FitSettings | None = None) -> None:
        super().__init__(estimator)
        self.settings = settings

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Boosting":
        assert self.settings is not None
        own, held = held_part(y, self.settings)
        # Scikit-learn makes no bins of a column without any value.
        x = np.where(np.isnan(x[own]).all(axis=0), 0.0, x)
        if len(held):
            scale = 1.0 if self.settings.classes else y.var()
            self.estimator.set_params(tol=LEAST_GAIN * scale)
            self.estimator.fit(x[own], y[own], X_val=x[held], y_val=y[held])
        else:
            self.estimator.set_params(early_stopping=False, max_iter=PATIENCE).fit(x, y)
        return self


def create(config: Mapping[str, Any], settings: FitSettings) -> Boosting:
    regression = settings.task == "regression"
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    estimator = kind(
        learning_rate=config["boosted_learning_rate"],
        max_leaf_nodes=config["boosted_leaves"],
        min_samples_leaf=config["boosted_leaf_rows"],
        l2_regularization=config["boosted_l2"],
        max_features=config["boosted_column_share"],
        max_iter=MOST_ROUNDS,
        early_stopping=True,
        n_iter_no_change=PATIENCE,
        categorical_features=list(settings.categories) or None,
        random_state=settings.seed,
    )
    return Boosting(estimator, settings)


def load(folder: Path, settings: FitSettings) -> Boosting:
    return Boosting(read(folder / FILE, TRUSTED), settings)
