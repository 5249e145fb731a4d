"""Series drawn by seed, as tests of forecasting learn from them."""

import numpy as np

from automl_on_ray.search_spaces.forecast import START
from automl_on_ray.trainables.forecasting import History

SEASON, HORIZON = 4, 4
LEARNED = {
    "window": 2, "scaling": "mean", "deseasonalise": False, "network_loss": "mae",
    "network_learning_rate": 5e-3, "network_dropout": 0.0, "network_windows": 12_800,
    "network_batch": 64,
}  # fmt: skip
TREES = {
    "trees_loss": "mse", "trees_rounds": 80, "trees_learning_rate": 0.1, "trees_leaves": 16,
    "trees_leaf_rows": 5, "trees_column_share": 1.0, "trees_row_share": 1.0,
}  # fmt: skip
CONFIGS = {
    "mlp": {**START, **LEARNED, "mlp_depth": 2, "mlp_width": 64},
    "tcn": {**LEARNED, "model": "tcn", "tcn_depth": 2, "tcn_width": 16, "tcn_kernel": 3},
    "lstm": {**LEARNED, "model": "lstm", "lstm_depth": 1, "lstm_width": 32},
    "direct trees": {**LEARNED, **TREES, "model": "trees", "trees_way": "direct"},
    "recursive trees": {**LEARNED, **TREES, "model": "trees", "trees_way": "recursive"},
    "seasonal naive": {"model": "seasonal_naive"},
    "Theta": {"model": "theta"},
    "ETS": {"model": "ets"},
}
LEARNING = ["mlp", "tcn", "lstm", "direct trees", "recursive trees"]


def history_of(values, *, known=None, past=None, season=SEASON, horizon=HORIZON):
    values = tuple(np.asarray(one, float) for one in values)
    return History(
        values, season, horizon,
        known or tuple(np.empty((len(one) + horizon, 0)) for one in values),
        past or tuple(np.empty((len(one), 0)) for one in values),
    )  # fmt: skip


def seasonal_series(count=40, length=60, noise=0.05, seed=0):
    """(count, length): a level, a season of SEASON steps that is common to all, and noise."""
    generator = np.random.default_rng(seed)
    levels = generator.uniform(50, 500, (count, 1))
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(length) / SEASON)
    return levels * season * (1 + noise * generator.normal(size=(count, length)))


def parted(series, horizon=HORIZON, **others):
    """The history of whole series before their last steps, and these (n, horizon)."""
    return history_of([one[:-horizon] for one in series], horizon=horizon, **others), series[
        :, -horizon:
    ]


def walks(count=300, length=60, seed=1):
    """(count, length) random walks, of which nothing but the last value can be known."""
    steps = np.random.default_rng(seed).normal(size=(count, length))
    return 100 + np.cumsum(steps, axis=1)
