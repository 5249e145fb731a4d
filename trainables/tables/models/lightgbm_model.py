"""LightGBM: boosted trees that grow leaf by leaf (Ke et al. 2017)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from automl_on_ray.trainables.tables.models.choosing import FitSettings
from automl_on_ray.trainables.tables.models.early_stopping import MOST_ROUNDS, PATIENCE, held_part

FILE = "model.txt"
OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}


class LightGbm:
    """A booster as a `Model`; `params` are LightGBM's."""

    def __init__(self, params: Mapping[str, Any], settings: FitSettings) -> None:
        self.params, self.settings = dict(params), settings
        self.booster: lightgbm.Booster | None = None

    def fit(self, x: np.ndarray, y: np.ndarray) -> "LightGbm":
        own, held = held_part(y, self.settings)
        data = lightgbm.Dataset(
            x[own], y[own], categorical_feature=list(self.settings.categories), params=self.params
        )
        early = bool(len(held))
        callbacks: list[Any] = [self._end_in_time]
        if early:
            callbacks.append(lightgbm.early_stopping(PATIENCE, verbose=False))
        booster = lightgbm.train(
            self.params,
            data,
            num_boost_round=MOST_ROUNDS if early else PATIENCE,
            valid_sets=[data.create_valid(x[held], y[held])] if early else None,
            callbacks=callbacks,
        )
        # A copy of the best rounds alone: so it predicts the same before and after it is stored.
        text = booster.model_to_string(num_iteration=booster.best_iteration)
        self.booster = lightgbm.Booster(model_str=text)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        assert self.booster is not None
        told = np.asarray(self.booster.predict(x, num_threads=self.settings.threads))
        return np.column_stack([1 - told, told]) if self.settings.task == "binary" else told

    def save(self, folder: Path) -> None:
        assert self.booster is not None
        self.booster.save_model(folder / FILE)

    def _end_in_time(self, environment: lightgbm.callback.CallbackEnv) -> None:
        if self.settings.time_is_up:
            scores = environment.evaluation_result_list or []
            raise lightgbm.callback.EarlyStopException(environment.iteration, scores)


def create(config: Mapping[str, Any], settings: FitSettings) -> LightGbm:
    params = {
        "objective": OBJECTIVES[settings.task],
        "learning_rate": config["boosted_learning_rate"],
        "num_leaves": config["boosted_leaves"],
        "min_data_in_leaf": config["boosted_leaf_rows"],
        "min_data_per_group": config["boosted_leaf_rows"],
        "lambda_l2": config["boosted_l2"],
        "feature_fraction": config["boosted_column_share"],
        "bagging_fraction": config["boosted_row_share"],
        "bagging_freq": 1,
        "seed": settings.seed,
        "num_threads": settings.threads,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    many = {"num_class": settings.classes} if settings.task == "multiclass" else {}
    return LightGbm({**params, **many}, settings)


def load(folder: Path, settings: FitSettings) -> LightGbm:
    model = LightGbm({}, settings)
    model.booster = lightgbm.Booster(model_file=folder / FILE)
    return model
