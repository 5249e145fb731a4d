"""A CNN for small images: its shape, and everything about its training."""

from ray import tune

from search_spaces._cnn import build
from search_spaces._space import Condition, SearchSpace

_SGD = Condition("optimizer", ("sgd",))
_ADAM = Condition("optimizer", ("adam", "adamw"))

SPACE = SearchSpace(
    name="mnist-cnn",
    architecture={
        "depth": tune.randint(2, 5),
        "width": tune.choice([8, 12, 16]),
        "kernel_size": tune.choice([3, 5]),
        "activation": tune.choice(["relu", "gelu", "silu"]),
        "normalisation": tune.choice(["batch", "group", "none"]),
        "dropout": tune.uniform(0.0, 0.5),
    },
    training={
        "learning_rate": tune.loguniform(1e-5, 1e-2),
        "weight_decay": tune.loguniform(1e-5, 1e-2),
        "batch_size": tune.choice([32, 64, 128, 256]),
        "optimizer": tune.choice(["sgd", "adam", "adamw"]),
        "momentum": tune.uniform(0.5, 0.99),
        "nesterov": tune.choice([False, True]),
        "beta1": tune.uniform(0.8, 0.95),
        "beta2": tune.uniform(0.9, 0.999),
        "schedule": tune.choice(["constant", "cosine", "one_cycle"]),
        "label_smoothing": tune.uniform(0.0, 0.2),
        "augmentation": tune.uniform(0.0, 1.0),
    },
    conditions={"momentum": _SGD, "nesterov": _SGD, "beta1": _ADAM, "beta2": _ADAM},
    build=build,
)
