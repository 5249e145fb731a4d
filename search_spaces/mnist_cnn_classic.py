"""The classic example's three hyperparameters, on the default CNN."""

from ray import tune

from search_spaces._cnn import build
from search_spaces._space import SearchSpace

SPACE = SearchSpace(
    name="mnist-cnn-classic",
    training={
        "learning_rate": tune.loguniform(1e-5, 1e-2),
        "weight_decay": tune.loguniform(1e-5, 1e-2),
        "batch_size": tune.randint(32, 257),
    },
    build=build,
)
