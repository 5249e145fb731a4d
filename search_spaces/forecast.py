"""Forecasters: networks and trees for all series at once, and the classical ones for each.

One flat space with conditions: the model says which of the other decisions there are.
"""

from typing import Any

from ray import tune

from automl_on_ray.search_spaces.domains import Condition, SearchSpace

NETWORKS = ("mlp", "tcn", "lstm")
LEARNING = (*NETWORKS, "trees")
CLASSICAL = ("seasonal_naive", "theta", "ets")

_WINDOWS: dict[str, Any] = {
    "window": tune.randint(1, 5),  # seasons; or halves of the horizon, where that is longer
    "scaling": tune.choice(["mean", "last", "standard"]),  # of each window
    "deseasonalise": tune.choice([True, False]),
}
_HYPERPARAMETERS: dict[str, Any] = {
    "network_loss": tune.choice(["mae", "mse", "smape", "quantile"]),
    "network_learning_rate": tune.loguniform(1e-4, 1e-2),
    "network_dropout": tune.uniform(0.0, 0.3),
    "network_windows": tune.lograndint(50_000, 300_001),  # that it learns from, some repeatedly
    "network_batch": tune.choice([128, 256, 512]),
    "mlp_depth": tune.randint(1, 5),
    "mlp_width": tune.choice([64, 128, 192, 256]),
    "tcn_depth": tune.randint(2, 5),
    "tcn_width": tune.choice([8, 16, 32]),
    "tcn_kernel": tune.choice([2, 3, 5]),
    "lstm_depth": tune.randint(1, 3),
    "lstm_width": tune.choice([16, 32, 64]),
    "trees_way": tune.choice(["direct", "recursive"]),
    "trees_loss": tune.choice(["mae", "mse"]),
    "trees_rounds": tune.lograndint(50, 401),
    "trees_learning_rate": tune.loguniform(0.02, 0.3),
    "trees_leaves": tune.lograndint(4, 65),
    "trees_leaf_rows": tune.lograndint(3, 201),
    "trees_column_share": tune.uniform(0.3, 1.0),
    "trees_row_share": tune.uniform(0.5, 1.0),
}
_CONDITIONS = {
    **{key: Condition("model", LEARNING) for key in _WINDOWS},
    **{
        key: Condition("model", NETWORKS if key.startswith("network_") else (key.split("_")[0],))
        for key in _HYPERPARAMETERS
    },
}
START = {
    "model": "mlp",
    "window": 2,
    "scaling": "mean",
    "deseasonalise": True,
    "network_loss": "mae",
    "network_learning_rate": 1e-3,
    "network_dropout": 0.0,
    "network_windows": 200_000,
    "network_batch": 512,
    "mlp_depth": 2,
    "mlp_width": 192,
}

# All of it is architecture: nothing of a forecaster may change in a live trial.
SPACE = SearchSpace(
    "forecast",
    architecture={
        "model": tune.choice([*LEARNING, *CLASSICAL]),
        **_WINDOWS,
        **_HYPERPARAMETERS,
    },
    conditions=_CONDITIONS,
    start=START,
)
