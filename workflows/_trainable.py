"""The trainable of a study: ours or the user's own, given what its `setup` asks for."""

import inspect
from typing import Any

import numpy as np
from ray import tune

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._lookup import find, load_object
from automl_on_ray.search_spaces._objective import Objective, parse_objectives
from automl_on_ray.search_spaces._space import SearchSpace
from automl_on_ray.trainables._declared import declared
from automl_on_ray.trainables._torch_trainable import TorchTrainable
from automl_on_ray.trainables.datasets._dataset import Dataset, load_dataset, versioned
from automl_on_ray.trainables.image_classifier import ImageClassifier, build_network


def find_space(name: str) -> SearchSpace:
    """A space by name, or the user's own by `package.module:SPACE`."""
    if ":" in name:
        space = load_object(name, kind="space")
    else:
        space = find("search_spaces", name, kind="space").SPACE
    if not isinstance(space, SearchSpace):
        raise UserError(f"Space {name!r} is a {type(space).__name__}, not a SearchSpace.")
    space.validate()
    if not space.domains:
        raise UserError(f"Space {name!r} varies nothing: all of its declarations are constants.")
    return space


def find_trainable(name: str | None) -> type[tune.Trainable]:
    """The image classifier, or the user's own by `package.module:NAME`."""
    if name is None:
        return ImageClassifier
    trainable = load_object(name, kind="trainable")
    if not (isinstance(trainable, type) and issubclass(trainable, tune.Trainable)):
        raise UserError(f"Trainable {name!r} must be a class derived from ray.tune.Trainable.")
    return trainable


def check_data_parallel(trainable: type[tune.Trainable], workers: int) -> None:
    """UserError for several processes that would each train one of their own."""
    if workers > 1 and not issubclass(trainable, TorchTrainable):
        raise UserError(
            f"--train-workers {workers} is for trainables derived from TorchTrainable, which share "
            f"out their batches: {trainable.__name__} is none."
        )


def accepts(trainable: type[tune.Trainable], keyword: str) -> bool:
    return keyword in inspect.signature(trainable.setup).parameters


def is_reusable(trainable: type[tune.Trainable]) -> bool:
    """Whether a process that has done a trial can take another: the user must have written how."""
    return trainable.reset_config is not tune.Trainable.reset_config


def taken_of(trainable: type[tune.Trainable], offers: dict[str, Any]) -> dict[str, Any]:
    """Those of the offered keywords that its `setup` has."""
    return {key: value for key, value in offers.items() if accepts(trainable, key)}


def bind(trainable: type[tune.Trainable], offers: dict[str, Any]) -> Any:
    """`trainable` with those of the offered keywords that its `setup` has.

    Its configs are as the `space` that is offered declares them.
    """
    taken = taken_of(trainable, offers)
    own = declared(trainable, offers["space"]) if "space" in offers else trainable
    return tune.with_parameters(own, **taken) if taken else own


def load_data(
    trainable: type[tune.Trainable], offers: dict[str, Any]
) -> tuple[Dataset | None, dict[str, Any]]:
    """The data set, for trainables that take one: a mistake in it is found before any trial.

    So it is with a network that cannot be built for images of this shape. And the offers that hold
    all trials to these data.
    """
    if not accepts(trainable, "dataset"):
        return None, offers
    source, folder = versioned(offers["dataset"], offers["data_dir"])
    data = load_dataset(source, data_dir=folder, seed=offers["seed"], size=offers["subset"])
    if issubclass(trainable, ImageClassifier):
        space: SearchSpace = offers["space"]
        member = space.sample(np.random.default_rng(0))
        build_network(space, member, data.image_shape, len(data.classes))
    return data, {**offers, "dataset": source, "data_dir": folder, "digest": data.digest}


def facts(data: Dataset | None) -> dict[str, Any]:
    """What a person wants to know of the data."""
    if data is None:
        return {}
    return {
        "train": len(data.train),
        "validation": len(data.validation),
        "test": len(data.test),
        "image shape": list(data.image_shape),
        "classes": list(data.classes),
    }


def objectives_of(text: str, trainable: type[tune.Trainable]) -> tuple[Objective, ...]:
    """Objectives checked against the metrics that the trainable declares in METRICS, if it does.

    `accuracy` may be written for `val_accuracy`.
    """
    metrics = getattr(trainable, "METRICS", None)
    found = []
    for objective in parse_objectives(text):
        name = objective.metric
        if metrics and name not in metrics and f"val_{name}" in metrics:
            name = f"val_{name}"
        if metrics and name not in metrics:
            raise UserError(
                f"Unknown metric {objective.metric!r} in the objective: {trainable.__name__} "
                f"reports {', '.join(metrics)}."
            )
        found.append(Objective(name, objective.mode))
    return tuple(found)
