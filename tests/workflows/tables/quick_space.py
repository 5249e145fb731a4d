"""Pipelines that are fitted in a moment."""

from ray import tune

from automl_on_ray.search_spaces import SearchSpace

SPACE = SearchSpace(
    "quick",
    training={
        "model": "linear",
        "encoding": "one_hot",
        "rare_rows": 1,
        "imputation": "median",
        "missing_indicators": False,
        "scaling": tune.choice(["standard", "quantile"]),
        "generation": "none",
        "selection": "none",
        "linear_c": tune.loguniform(1e-3, 100.0),
        "linear_knots": tune.choice([0, 3]),
    },
)
