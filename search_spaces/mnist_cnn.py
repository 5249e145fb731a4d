"""A CNN for MNIST and the like: the network, the optimiser and the training all vary.

Sized for the CPU: an epoch of 50,000 images takes one core from a few to about twenty seconds.
"""

from ray import tune

from automl_on_ray.search_spaces.domains import Condition, SearchSpace
from automl_on_ray.search_spaces.networks import ACTIVATIONS, NORMALISATIONS, build

SPACE = SearchSpace(
    name="mnist-cnn",
    architecture={
        "depth": tune.randint(2, 5),  # convolutions, 2 to 4
        "width": tune.choice(
            [8, 12, 16, 20, 24]
        ),  # channels of the first; CPUs like multiples of 4
        "kernel_size": tune.choice([3, 5]),
        "activation": tune.choice(list(ACTIVATIONS)),
        "normalisation": tune.choice(list(NORMALISATIONS)),
        "dropout": tune.uniform(0.0, 0.5),
    },
    training={
        "optimizer": tune.choice(["sgd", "adam", "adamw"]),
        "learning_rate": tune.loguniform(1e-5, 1e-2),
        "weight_decay": tune.loguniform(1e-5, 1e-2),
        "momentum": tune.uniform(0.5, 0.98),
        "nesterov": tune.choice([False, True]),
        "beta1": tune.uniform(0.8, 0.98),
        "beta2": tune.uniform(0.9, 0.9995),
        "batch_size": tune.lograndint(32, 257),  # 32 to 256
        "schedule": tune.choice(["constant", "cosine", "one_cycle"]),
        "label_smoothing": tune.uniform(0.0, 0.2),
        "augmentation": tune.uniform(0.0, 1.0),
    },
    conditions={
        "momentum": Condition("optimizer", ("sgd",)),
        "nesterov": Condition("optimizer", ("sgd",)),
        "beta1": Condition("optimizer", ("adam", "adamw")),
        "beta2": Condition("optimizer", ("adam", "adamw")),
    },
    build=build,
)
