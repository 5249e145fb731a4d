"""Recommenders that are fitted in a moment."""

from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace

SPACE = SearchSpace(
    "quick",
    training={
        "model": tune.choice(["popularity", "item_knn", "ease"]),
        "item_knn_neighbours": tune.lograndint(5, 101),
        "item_knn_shrink": tune.loguniform(0.1, 100.0),
        "ease_l2": tune.loguniform(1.0, 1000.0),
    },
    conditions={
        "item_knn_neighbours": Condition("model", ("item_knn",)),
        "item_knn_shrink": Condition("model", ("item_knn",)),
        "ease_l2": Condition("model", ("ease",)),
    },
)
