"""Forecasters that are fitted in a moment."""

from ray import tune

from automl_on_ray.search_spaces import SearchSpace

SPACE = SearchSpace(
    "quick",
    training={
        "model": "trees",
        "window": 1,
        "scaling": "last",
        "deseasonalise": tune.choice([True, False]),
        "trees_way": "direct",
        "trees_loss": "mae",
        "trees_rounds": tune.lograndint(5, 21),
        "trees_learning_rate": 0.3,
        "trees_leaves": 4,
        "trees_leaf_rows": 3,
        "trees_column_share": 1.0,
        "trees_row_share": 1.0,
    },
)
