"""XGBoost: boosted trees with second-order gradients (Chen and Guestrin 2016)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from automl_on_ray.trainables.tables.models.choosing import FitSettings
from automl_on_ray.trainables.tables.models.early_stopping import MOST_ROUNDS, PATIENCE, held_part

FILE = "model.ubj"
OBJECTIVES = {"binary": "binary:logistic", "multiclass": "multi:softprob",
              "regression": "reg:squarederror"}  # fmt: skip


class XgBoost:
    """A booster as a `Model`; `params` are XGBoost's."""

    def __init__(self, params: Mapping[str, Any], settings: FitSettings) -> None:
        self.params, self.settings = dict(params), settings
        self.booster: xgboost.Booster | None = None

    def fit(self, x: np.ndarray, y: np.ndarray) -> "XgBoost":
        own, held = held_part(y, self.settings)
        early: dict[str, Any] = {}
        if len(held):
            watched = (self._data(x[held], y[held]), "held")
            early = {"evals": [watched], "early_stopping_rounds": PATIENCE}
        booster = xgboost.train(
            self.params, self._data(x[own], y[own]), MOST_ROUNDS if early else PATIENCE,
            verbose_eval=False, callbacks=[_EndInTime(self.settings)], **early,
        )  # fmt: skip
        best = booster.attr("best_iteration")  # none where time was up in the first round
        self.booster = booster if best is None else booster[: int(best) + 1]
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        assert self.booster is not None
        told = self.booster.predict(self._data(x))
        return np.column_stack([1 - told, told]) if self.settings.task == "binary" else told

    def save(self, folder: Path) -> None:
        assert self.booster is not None
        self.booster.save_model(folder / FILE)

    def _data(self, x: np.ndarray, y: np.ndarray | None = None) -> xgboost.DMatrix:
        codes = set(self.settings.categories)
        kinds = ["c" if index in codes else "q" for index in range(x.shape[1])]
        return xgboost.DMatrix(
            x, y, feature_types=kinds, enable_categorical=True, nthread=self.settings.threads
        )


class _EndInTime(xgboost.callback.TrainingCallback):
    def __init__(self, settings: FitSettings) -> None:
        super().__init__()
        self.settings = settings

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Whether to stop."""
        return self.settings.time_is_up


def create(config: Mapping[str, Any], settings: FitSettings) -> XgBoost:
    # A row's second derivative is 1 for numbers, and 1/4 at most for classes.
    row_weight = 1.0 if settings.task == "regression" else 0.25
    params = {
        "objective": OBJECTIVES[settings.task],
        "eta": config["boosted_learning_rate"],
        "grow_policy": "lossguide",
        "max_leaves": config["boosted_leaves"],
        "max_depth": 0,
        "min_child_weight": row_weight * config["boosted_leaf_rows"],
        "lambda": config["boosted_l2"],
        "colsample_bynode": config["boosted_column_share"],
        "subsample": config["boosted_row_share"],
        "tree_method": "hist",
        "seed": settings.seed,
        "nthread": settings.threads,
    }
    many = {"num_class": settings.classes} if settings.task == "multiclass" else {}
    return XgBoost({**params, **many}, settings)


def load(folder: Path, settings: FitSettings) -> XgBoost:
    model = XgBoost({}, settings)
    model.booster = xgboost.Booster({"nthread": settings.threads}, model_file=folder / FILE)
    return model
