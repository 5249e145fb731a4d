"""The classic first example of tuning: three hyperparameters of a fixed CNN for MNIST."""

from ray import tune

from automl_on_ray.search_spaces.domains import SearchSpace
from automl_on_ray.search_spaces.networks import build

SPACE = SearchSpace(
    name="mnist-cnn-classic",
    training={
        "learning_rate": tune.loguniform(1e-5, 1e-2),
        "weight_decay": tune.loguniform(1e-5, 1e-2),
        "batch_size": tune.lograndint(32, 257),  # 32 to 256
    },
    build=build,
)
