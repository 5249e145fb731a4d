"""A space in which no supernet can be trained: each first step throws the weights away."""

from ray import tune

from automl_on_ray.search_spaces import SearchSpace

SPACE = SearchSpace("diverging", training={"learning_rate": tune.uniform(1e30, 1e31)})
