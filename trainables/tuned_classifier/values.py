"""Where the values that a classifier tunes start, and how far they may go."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.trainables.hypergradients import (
    TRANSFORMS,
    Log,
    Logit,
    Tensors,
    Transform,
    Tunable,
    Tuned,
    spread,
)
from automl_on_ray.trainables.image_classifier import DEFAULTS

OWN: Mapping[str, Transform] = {
    **TRANSFORMS,
    "example_weights": Logit(0.0, 2.0),  # they start in the middle, at 1: as if there were none
    "auxiliary_weight": Log(1e-3, 10.0),
}

TUNABLES: Mapping[str, Tunable] = {
    "learning_rate": Tunable(("all", "layer"), DEFAULTS["learning_rate"]),
    "weight_decay": Tunable(("all", "layer", "weight"), DEFAULTS["weight_decay"]),
    "momentum": Tunable(start=DEFAULTS["momentum"]),
    "label_smoothing": Tunable(start=DEFAULTS["label_smoothing"]),
    "auxiliary_weight": Tunable(),
    "class_weights": Tunable(in_config=False),
    "example_weights": Tunable(("example",), in_config=False),
}


def transforms_of(space: SearchSpace) -> dict[str, Transform]:
    """By key. What the space gives bounds to stays within these, so that it has all values."""
    found = dict(OWN)
    for key, domain in space.as_data().items():
        own = found.get(key)
        if domain["kind"] == "float" and isinstance(own, Log | Logit):
            low, high = domain["low"], domain["high"]
            none = isinstance(own, Log) and low <= 0  # it has no logarithm
            found[key] = replace(own, low=min(own.low, high / 10) if none else low, high=high)
    return found


def starts_of(
    tuned: Sequence[Tuned], config: Config, weights: Tensors, *, classes: int, examples: int
) -> Tensors:
    """By name: the config's value of each key; 1 for weights of classes and examples.

    Vectors have no weight decay of their own, unless `config["decay_vectors"]`.
    """
    matrices = {name: weight for name, weight in weights.items() if weight.ndim > 1}
    decaying = weights if config["decay_vectors"] else matrices
    known = {**config, "class_weights": torch.ones(classes), "example_weights": 1.0}
    found: Tensors = {}
    for one in tuned:
        own = decaying if one.key == "weight_decay" else weights
        found |= spread(one, known[one.key], own, examples)
    return found
