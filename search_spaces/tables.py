"""Pipelines for tables: encoders, imputation, scaling, generated and selected columns, models.

One flat space with conditions: the model says which of the other decisions there are.
"""

from collections.abc import Sequence
from typing import Any

from ray import tune

from automl_on_ray.search_spaces.domains import Condition, SearchSpace

MODELS = ("lightgbm", "boosting", "extra_trees", "linear", "neighbours", "network")
EXTRAS = ("catboost", "xgboost")  # of libraries that the project can do without
_BOOSTED = ("lightgbm", "boosting", *EXTRAS)
_SCALED = ("linear", "neighbours", "network")

_PREPARATION: dict[str, Any] = {
    "encoding": tune.choice(["one_hot", "target"]),
    "forest_encoding": tune.choice(["ordinal", "one_hot", "target"]),
    "boosted_encoding": tune.choice(["native", "ordinal", "one_hot", "target"]),
    "rare_rows": tune.lograndint(1, 51),  # a category with fewer rows is one with others
    "imputation": tune.choice(["median", "mean"]),
    "missing_indicators": tune.choice([False, True]),
    "scaling": tune.choice(["standard", "quantile"]),
    "generation": tune.choice(["none", "pairs", "group_means", "both"]),
    "selection": tune.choice(["none", "mutual_information", "importance"]),
    "selected_share": tune.uniform(0.2, 0.95),  # of the columns after encoding
}
_HYPERPARAMETERS: dict[str, Any] = {
    "boosted_learning_rate": tune.loguniform(0.01, 0.3),
    "boosted_leaves": tune.lograndint(4, 129),
    "boosted_leaf_rows": tune.lograndint(3, 101),
    "boosted_l2": tune.loguniform(1e-3, 100.0),
    "boosted_column_share": tune.uniform(0.3, 1.0),
    "boosted_row_share": tune.uniform(0.5, 1.0),
    "forest_trees": tune.lograndint(100, 401),
    "forest_leaf_rows": tune.lograndint(1, 51),
    "forest_column_share": tune.uniform(0.1, 1.0),
    "linear_c": tune.loguniform(1e-3, 100.0),  # inverse strength of the penalty
    "linear_knots": tune.choice([0, 3, 7]),  # where the line of a number may bend
    "neighbours_count": tune.lograndint(3, 101),
    "neighbours_weights": tune.choice(["uniform", "distance"]),
    "neighbours_power": tune.choice([1, 2]),  # of the distance
    "network_width": tune.choice([64, 128, 256]),
    "network_depth": tune.randint(1, 5),
    "network_heads": tune.choice([8, 16, 32]),
    "network_dropout": tune.uniform(0.0, 0.5),
    "network_learning_rate": tune.loguniform(3e-4, 1e-2),
    "network_weight_decay": tune.loguniform(1e-5, 1e-1),
    "network_embedding": tune.choice(["none", "piecewise", "periodic"]),
}
_MODELS_OF = {
    "encoding": _SCALED,
    "forest_encoding": ("extra_trees",),
    "boosted_encoding": _BOOSTED,
    "imputation": (*_SCALED, "extra_trees"),
    "missing_indicators": (*_SCALED, "extra_trees"),
    "scaling": _SCALED,
    "boosted_row_share": ("lightgbm", *EXTRAS),  # scikit-learn's boosting has none
    "boosted": _BOOSTED,
    "forest": ("extra_trees",),
    "linear": ("linear",),
    "neighbours": ("neighbours",),
    "network": ("network",),
}

START = {
    "model": "lightgbm",
    "boosted_encoding": "native",
    "rare_rows": 1,
    "generation": "none",
    "selection": "none",
    "boosted_learning_rate": 0.05,
    "boosted_leaves": 31,
    "boosted_leaf_rows": 20,
    "boosted_l2": 1.0,
    "boosted_column_share": 0.8,
    "boosted_row_share": 0.8,
}


def pipelines(name: str, models: Sequence[str]) -> SearchSpace:
    """The space of pipelines that end in one of `models`.

    All of it is architecture: nothing of a pipeline may change in a live trial.
    """
    conditions = {"selected_share": Condition("selection", ("mutual_information", "importance"))}
    for key in (*_PREPARATION, *_HYPERPARAMETERS):
        having = _MODELS_OF.get(key) or _MODELS_OF.get(key.partition("_")[0])
        if having:
            conditions[key] = Condition("model", tuple(m for m in having if m in models))
    varied = {"model": tune.choice(list(models)), **_PREPARATION, **_HYPERPARAMETERS}
    return SearchSpace(name, architecture=varied, conditions=conditions, start=START)


SPACE = pipelines("tables", MODELS)
