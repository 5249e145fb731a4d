"""Classifiers of series: random kernels with a ridge (ROCKET), a residual CNN, nearest neighbours.

One flat space with conditions: the model says which of the other decisions there are. Wang, Yan and
Oates 2017 (residual CNNs); Dempster, Petitjean and Webb 2020 (ROCKET).
"""

from typing import Any

from ray import tune

from automl_on_ray.search_spaces.domains import Condition, SearchSpace

MODELS = ("rocket", "cnn", "neighbours")

_VARIED: dict[str, Any] = {
    "scaling": tune.choice(["each", "whole"]),  # each series, or the training part as a whole
    "rocket_kernels": tune.lograndint(200, 4001),
    "rocket_ridge": tune.choice(["leave_one_out", "given"]),  # how its penalty is found
    "rocket_penalty": tune.loguniform(1e-2, 1e4),
    "cnn_length": tune.choice([128, 256, 512]),  # longer series are brought to so many points
    "cnn_depth": tune.randint(1, 5),  # blocks of two convolutions
    "cnn_width": tune.choice([16, 32, 64]),
    "cnn_kernel": tune.choice([3, 5, 7, 9, 13, 19, 27, 39]),
    "cnn_dilation": tune.choice([1, 2]),  # by which it grows from block to block
    "cnn_pooling": tune.choice([False, True]),  # a block halves the length
    "cnn_dropout": tune.uniform(0.0, 0.5),
    "cnn_jitter": tune.uniform(0.0, 0.2),  # noise, in standard deviations of the series
    "cnn_stretch": tune.uniform(0.0, 0.3),  # of values, by a factor of about 1 +- this
    "cnn_crop": tune.uniform(0.0, 0.5),  # the greatest share that is cut off
    "cnn_warp": tune.uniform(0.0, 0.5),  # of time: how unlike the speeds are
    "cnn_learning_rate": tune.loguniform(3e-4, 2e-2),
    "cnn_weight_decay": tune.loguniform(1e-5, 1e-1),
    "cnn_batch": tune.choice([8, 16, 32]),
    "cnn_steps": tune.lograndint(100, 801),
    "neighbours_scaling": tune.choice(["none", "each"]),
    "neighbours_count": tune.lograndint(1, 16),
    "neighbours_weights": tune.choice(["uniform", "distance"]),
}
_CONDITIONS = {
    **{key: Condition("model", (key.partition("_")[0],)) for key in _VARIED},
    "scaling": Condition("model", ("rocket", "cnn")),
    "rocket_penalty": Condition("rocket_ridge", ("given",)),
}

# What is compared with in the end, and tried first.
ROCKET = {
    "model": "rocket",
    "scaling": "each",
    "rocket_kernels": 1000,
    "rocket_ridge": "leave_one_out",
}
NEAREST = {
    "model": "neighbours",
    "neighbours_scaling": "none",
    "neighbours_count": 1,
    "neighbours_weights": "uniform",
}
CNN = {
    "model": "cnn",
    "scaling": "each",
    "cnn_length": 256,
    "cnn_depth": 3,
    "cnn_width": 32,
    "cnn_kernel": 9,
    "cnn_dilation": 1,
    "cnn_pooling": True,
    "cnn_dropout": 0.1,
    "cnn_jitter": 0.03,
    "cnn_stretch": 0.1,
    "cnn_crop": 0.1,
    "cnn_warp": 0.1,
    "cnn_learning_rate": 3e-3,
    "cnn_weight_decay": 1e-2,
    "cnn_batch": 16,
    "cnn_steps": 200,
}
FIRST = (ROCKET, NEAREST, CNN, {**ROCKET, "scaling": "whole"}, {**CNN, "scaling": "whole"})

SPACE = SearchSpace(
    "series",
    architecture={"model": tune.choice(list(MODELS)), **_VARIED},
    conditions=_CONDITIONS,
    start=ROCKET,
)
