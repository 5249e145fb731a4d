"""A study that begins from others, for tests of which and what of them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.studies.transfer import Today
from automl_on_ray.tracking import NO_DATA

SPACE = SearchSpace(
    "today",
    training={
        "w": tune.randint(0, 101),
        "d": tune.randint(0, 101),
        "q": tune.quniform(0.0, 1.0, 0.1),
        "betas": tune.choice([(0.9, 0.99), (0.8, 0.9)]),
        "optimizer": "adam",
    },
    constraints=("w + d <= 100",),
)
NEW = Path("no folder")  # of a study that has none yet
OWN = (NO_DATA, "")
GOOD = {"w": 10, "d": 20, "q": 0.3, "betas": [0.9, 0.99], "optimizer": "adam"}


@dataclass
class Data:
    """As a study knows its data."""

    name: str
    digest: str
    numbers: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def facts(self):
        return self.numbers

    def keywords(self):
        return {}


MNIST = Data("mnist", "abcdef")


def today(uri, *, searcher="bayesian", data=None, trainable="", space=SPACE, **asked):
    settings = SearcherSettings(
        **{"space": space, "objectives": (Objective("score"),), "max_t": 4, **asked}
    )
    return Today("own", uri, settings, searcher, "trial", trainable, data)


def point(w, d=20):
    """A member of the space, as settings have it."""
    return {"w": w, "d": d, "q": 0.3, "betas": "(0.9, 0.99)"}
