"""Spaces that no supernet can be trained by."""

from ray import tune

from automl_on_ray.search_spaces import SearchSpace

RELAXATION = SearchSpace("typing", training={"relaxation": tune.choice(["softmx", "gumbel"])})
PAIR = SearchSpace(
    "paired",
    training={
        "relaxation": tune.choice(["softmax", "gumbel"]),
        "hypergradient": tune.choice(["first_order", "unrolled"]),
    },
)
