"""CatBoost: boosted oblivious trees, with target statistics for categories (Prokhorenkova 2018)."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from catboost import CatBoost, Pool

from automl_on_ray.trainables.tables.models.choosing import FitSettings
from automl_on_ray.trainables.tables.models.early_stopping import MOST_ROUNDS, PATIENCE, held_part

FILE = "model.cbm"
LOSSES = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE"}
DEEPEST = 8


class CatBoostModel:
    """CatBoost's own model as a `Model`."""

    def __init__(self, model: CatBoost, settings: FitSettings) -> None:
        self.model, self.settings = model, settings

    def fit(self, x: np.ndarray, y: np.ndarray) -> "CatBoostModel":
        own, held = held_part(y, self.settings)
        early: dict[str, Any] = {}
        if len(held):
            early = {"eval_set": self._pool(x[held], y[held]), "early_stopping_rounds": PATIENCE}
        else:
            self.model.set_params(iterations=PATIENCE)
        self.model.fit(self._pool(x[own], y[own]), callbacks=[self], verbose=False, **early)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        kind = "RawFormulaVal" if self.settings.task == "regression" else "Probability"
        told = self.model.predict(
            self._pool(x), prediction_type=kind, thread_count=self.settings.threads
        )
        return np.asarray(told)

    def save(self, folder: Path) -> None:
        self.model.save_model(str(folder / FILE), format="cbm")

    def after_iteration(self, _: Any) -> bool:
        """What CatBoost asks after each round: whether to go on."""
        return not self.settings.time_is_up

    def _pool(self, x: np.ndarray, y: np.ndarray | None = None) -> Pool:
        frame = pd.DataFrame(x)
        for index in self.settings.categories:
            frame[index] = frame[index].fillna(-1).astype("int64")
        return Pool(frame, y, cat_features=list(self.settings.categories))


def create(config: Mapping[str, Any], settings: FitSettings) -> CatBoostModel:
    model = CatBoost({
        "loss_function": LOSSES[settings.task],
        "iterations": MOST_ROUNDS,
        "learning_rate": config["boosted_learning_rate"],
        "depth": min(DEEPEST, max(2, round(math.log2(config["boosted_leaves"])))),
        "l2_leaf_reg": config["boosted_l2"],
        "rsm": config["boosted_column_share"],
        "bootstrap_type": "Bernoulli",
        "subsample": config["boosted_row_share"],
        "min_data_in_leaf": config["boosted_leaf_rows"],
        "random_seed": settings.seed,
        "thread_count": settings.threads,
        "allow_writing_files": False,
        "allow_const_label": True,
    })  # fmt: skip
    return CatBoostModel(model, settings)


def load(folder: Path, settings: FitSettings) -> CatBoostModel:
    model = CatBoost()
    model.load_model(str(folder / FILE), format="cbm")
    return CatBoostModel(model, settings)
