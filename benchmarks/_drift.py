"""A training whose best hyperparameters drift: what schedules are good for, in closed form."""

import math
from typing import Any

import numpy as np
from ray import tune

from automl_on_ray.search_spaces import Condition, Config, SearchSpace

EPOCHS = 30
SPACE = SearchSpace(
    "drift",
    training={
        "rate": tune.loguniform(1e-4, 1.0),
        "decay": tune.loguniform(1e-6, 1e-2),
        "batch": tune.randint(16, 257),
        "schedule": tune.choice(["a", "b", "c"]),
        "optimizer": tune.choice(["sgd", "adam"]),
        "momentum": tune.uniform(0.5, 0.99),
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
)


def gain(config: Config, epoch: int) -> float:
    """Error falls by this part in an epoch, at most a fifth; wrong values can make it rise.

    The best rate falls from 0.3 to 0.001, the best decay rises from 1e-5 to 1e-3, and each of the
    three schedules is the right one for a third of the time.
    """
    part = epoch / EPOCHS
    rate = (math.log10(config["rate"]) - (-0.5 - 2.5 * part)) ** 2
    decay = (math.log10(config["decay"]) - (-5 + 2 * part)) ** 2
    momentum = 4 * (config["momentum"] - 0.9) ** 2 if "momentum" in config else 0.1
    batch = 0.2 * (math.log2(config["batch"] / 64) / 2) ** 2
    wrong = 0.3 * (config["schedule"] != "abc"[min(int(3 * part), 2)])
    return 0.2 * (1.0 - 0.5 * rate - 0.1 * decay - momentum - batch - wrong)


class Drift:
    """A simulated training: state is epoch, error and what its noise is drawn from."""

    def __init__(self, seed: int, noise: float = 0.01) -> None:
        self._seed, self._noise = seed, noise

    def begin(self, config: Config) -> Any:
        return 0, 1.0

    def step(self, state: Any, config: Config) -> tuple[Any, dict[str, float], float]:
        epoch, error = state
        error = min(error * (1.0 - max(gain(config, epoch), -0.5)), 10.0)
        key = [self._seed, epoch, int(1e9 * error) % 2**32]
        seen = error * math.exp(self._noise * np.random.default_rng(key).standard_normal())
        return (epoch + 1, error), {"error": seen}, 1.0
