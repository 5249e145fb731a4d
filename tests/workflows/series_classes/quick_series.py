"""Models of series that are fitted in a moment."""

from ray import tune

from automl_on_ray.search_spaces import SearchSpace

SPACE = SearchSpace(
    "quick",
    architecture={
        "model": "rocket",
        "scaling": tune.choice(["each", "whole"]),
        "rocket_kernels": tune.lograndint(50, 201),
        "rocket_ridge": "leave_one_out",
    },
)
