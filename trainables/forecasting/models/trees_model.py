"""Boosted trees on lags (LightGBM, Ke et al. 2017): each window and step is a row of a table.

"direct": one model of all steps, of which the step is a column. "recursive": a model of the next
step alone, which goes on from its own forecasts.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models.forecaster import FitSettings, read_facts
from automl_on_ray.trainables.forecasting.models.window_forecaster import (
    Batch,
    Preparation,
    ScaledWindows,
    Shape,
    WindowForecaster,
    shape_of,
)

FILE = "trees.txt"
MOST_ROWS = 150_000  # that are learned from, drawn by seed: so a fit stays within seconds
OBJECTIVES = {"mae": "l1", "mse": "l2"}


class TreesLearner:
    """A `Learner` of the middle. What is not known ahead is seen by direct forecasts alone."""

    gives_levels = False

    def __init__(self, config: Mapping[str, Any], shape: Shape, settings: FitSettings) -> None:
        self.config, self.shape, self.settings = dict(config), shape, settings
        self.direct = config["trees_way"] == "direct"
        self.booster: lightgbm.Booster | None = None

    def fit(self, source: ScaledWindows, rows: np.ndarray) -> None:
        most = MOST_ROWS // self.shape.horizon if self.direct else MOST_ROWS
        if len(rows) > most:
            generator = np.random.default_rng(self.settings.seed)
            rows = rows[np.sort(generator.choice(len(rows), most, replace=False))]
        batch, _ = source.batch(rows)
        steps = range(self.shape.horizon if self.direct else 1)
        x = np.concatenate([self._columns(batch, batch.seen, step) for step in steps])
        y = np.concatenate([batch.target[:, step] for step in steps])
        params = self._params()
        data = lightgbm.Dataset(x, y, params=params, free_raw_data=True)
        made = lightgbm.train(params, data, num_boost_round=self.config["trees_rounds"])
        self.booster = lightgbm.Booster(model_str=made.model_to_string())

    def finish(self, source: ScaledWindows, rows: np.ndarray) -> None:
        self.fit(source, rows)

    def predict(self, batch: Batch) -> np.ndarray:
        assert self.booster is not None
        told, seen = [], batch.seen
        for step in range(self.shape.horizon):
            x = self._columns(batch, seen, step)
            told.append(np.asarray(self.booster.predict(x, num_threads=self.settings.threads)))
            if not self.direct:
                seen = np.column_stack([seen[:, 1:], told[-1]])
        return np.stack(told, axis=1)

    def save(self, folder: Path) -> None:
        assert self.booster is not None
        self.booster.save_model(folder / FILE)

    def _columns(self, batch: Batch, seen: np.ndarray, step: int) -> np.ndarray:
        """(B, columns) for the forecast of one step ahead of the window."""
        ahead = batch.known[:, self.shape.lookback + step]
        if not self.direct:
            return np.column_stack([seen, ahead])
        season = min(self.shape.season, self.shape.lookback)
        before = seen[:, self.shape.lookback - season + step % season]  # the same time of a season
        steps = np.full(len(seen), float(step))
        return np.column_stack([seen, before, steps, ahead, batch.past[:, -1]])

    def _params(self) -> dict[str, Any]:
        config = self.config
        return {
            "objective": OBJECTIVES[config["trees_loss"]],
            "learning_rate": config["trees_learning_rate"],
            "num_leaves": config["trees_leaves"],
            "min_data_in_leaf": config["trees_leaf_rows"],
            "feature_fraction": config["trees_column_share"],
            "bagging_fraction": config["trees_row_share"],
            "bagging_freq": 1,
            "seed": self.settings.seed,
            "num_threads": self.settings.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


def fit(config: Mapping[str, Any], history: History, settings: FitSettings) -> WindowForecaster:
    preparation = Preparation.of(config, history)
    learner = TreesLearner(config, shape_of(preparation, history), settings)
    return WindowForecaster.fit(config["model"], learner, preparation, history)


def load(folder: Path) -> WindowForecaster:
    facts = read_facts(folder)
    told = facts["learner"]
    learner = TreesLearner(told["config"], Shape(**told["shape"]), FitSettings())
    learner.booster = lightgbm.Booster(model_file=folder / FILE)
    return WindowForecaster.restore(facts, learner)
