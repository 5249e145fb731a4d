"""A space of values that JSON does not have, and a trainable that is to be given them."""

import enum
import math

import numpy as np
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace


class Kind(enum.Enum):
    """A choice of one's own."""

    FAST = 1
    SLOW = 2


class Tool:
    """An object without a text."""


SPACE = SearchSpace(
    "odd",
    architecture={"sizes": [tune.randint(1, 9), 4]},
    training={
        "x": tune.uniform(0.0, 1.0),
        "opt": {
            "kind": tune.choice([Kind.FAST, Kind.SLOW]),
            "betas": tune.choice([(0.9, 0.999), (0.5, 0.999)]),
            "rate": tune.choice(list(np.logspace(-3, -2, 3))),
        },
        "act": tune.choice([math.sin, lambda value: value, Tool()]),
        "nothing": tune.choice([None]),
        "fast": tune.choice([np.int64(1), np.int64(2)]),
    },
    conditions={"fast": Condition("opt/kind", (Kind.FAST,))},
)


class Strict(tune.Trainable):
    """Fails if it is not given values of the kinds declared, in the form declared."""

    def setup(self, config, *, epochs=1, final=False):
        assert config.keys() == self.config.keys()
        opt = config["opt"]
        types = [type(value) for value in opt.values()]
        assert types == [Kind, tuple, np.float64], types
        assert callable(config["act"]) or type(config["act"]) is Tool, config["act"]
        assert config["nothing"] is None
        assert ("fast" in config) == (opt["kind"] is Kind.FAST)
        assert type(config.get("fast", np.int64(0))) is np.int64
        assert type(config["sizes"]) is list
        self.x, self.epoch, self.epochs = config["x"], 0, epochs

    def step(self):
        self.epoch += 1
        return {"score": self.x, "done": self.epoch >= self.epochs}

    def save_checkpoint(self, checkpoint_dir):
        pass

    def load_checkpoint(self, checkpoint):
        pass
