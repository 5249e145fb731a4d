"""Recommenders: popularity, neighbours, linear models of items, factorisations, a network.

One flat space with conditions: the model says which of the other decisions there are.
"""

from typing import Any

from ray import tune

from automl_on_ray.search_spaces.domains import Condition, SearchSpace

_OF_MODELS: dict[str, dict[str, Any]] = {
    "popularity": {},
    "recent_popularity": {
        "share": tune.loguniform(0.003, 0.5),  # of the events, the latest, that count
    },
    "item_knn": {
        "neighbours": tune.lograndint(5, 1001),
        "shrink": tune.loguniform(0.1, 1000.0),
    },
    "ease": {"l2": tune.loguniform(10.0, 10_000.0)},
    "ials": {
        "factors": tune.lograndint(8, 129),
        "regularisation": tune.loguniform(1.0, 1000.0),
        "alpha": tune.loguniform(0.3, 100.0),  # how much more an event counts than none
        "iterations": tune.randint(5, 21),
    },
    "bpr": {
        "factors": tune.lograndint(8, 129),
        "learning_rate": tune.loguniform(1e-3, 0.1),
        "regularisation": tune.loguniform(1e-6, 0.1),
        "negatives": tune.lograndint(1, 11),  # drawn for each event, in each epoch
        "epochs": tune.lograndint(5, 31),
    },
    "two_tower": {
        "factors": tune.lograndint(8, 129),
        "width": tune.choice([64, 128, 256]),
        "depth": tune.randint(1, 4),
        "dropout": tune.uniform(0.0, 0.5),
        "learning_rate": tune.loguniform(3e-4, 3e-2),
        "weight_decay": tune.loguniform(1e-6, 0.1),
        "negatives": tune.lograndint(1, 21),
        "epochs": tune.lograndint(5, 31),
    },
}
MODELS = tuple(_OF_MODELS)

# All of it is architecture: nothing of a recommender may change in a live trial.
SPACE = SearchSpace(
    "recommend",
    architecture={
        "model": tune.choice(list(MODELS)),
        **{f"{model}_{key}": domain for model, own in _OF_MODELS.items()
           for key, domain in own.items()},
    },
    conditions={f"{model}_{key}": Condition("model", (model,))
                for model, own in _OF_MODELS.items() for key in own},
    start={"model": "ease", "ease_l2": 300.0},
)  # fmt: skip
