"""The trainable of a study, ours or the user's, with the keywords that its `setup` takes."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ray import tune

from automl_on_ray import trainables
from automl_on_ray.command_line import console, step
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import (
    Objective,
    UserError,
    find,
    keywords_of,
    load_object,
    parse_objectives,
)
from automl_on_ray.search_spaces.data_kinds import Data
from automl_on_ray.searchers.ax import parse_outcome
from automl_on_ray.studies.inputs.metrics import metric_of
from automl_on_ray.trainables import datasets, multi_process, users_own


def find_space(name: str) -> SearchSpace:
    """A space by name, or the user's own by `package.module:SPACE`; that may be a dict."""
    if ":" in name:
        space = load_object(name, kind="space")
        if isinstance(space, Mapping):
            space = SearchSpace(name.partition(":")[2], training=space)
    else:
        space = find("search_spaces", name, kind="space").SPACE
    if not isinstance(space, SearchSpace):
        raise UserError(
            f"Space {name!r} is a {type(space).__name__}, not a SearchSpace or a dict of domains."
        )
    space.validate()
    if not space.domains:
        raise UserError(f"Space {name!r} varies nothing: all of its declarations are constants.")
    return space


def find_trainable(name: str | None, metric: str = "") -> type[tune.Trainable]:
    """The image classifier, or the user's own by `package.module:NAME`.

    That is a class, a function, or what says itself `as_trainable`, as an `CrossValidated` does.
    A number that a function returns is its value of `metric`.
    """
    if name is None:
        from automl_on_ray.trainables.image_classifier import ImageClassifier  # brings torch

        return ImageClassifier
    trainable = load_object(name, kind="trainable")
    if hasattr(trainable, "as_trainable"):
        return trainable.as_trainable()[0]
    if callable(trainable) and not isinstance(trainable, type):
        return users_own.trainable_of(trainable, metric)
    if not (isinstance(trainable, type) and issubclass(trainable, tune.Trainable)):
        raise UserError(
            f"Trainable {name!r} must be a function that takes a config, or a class derived from "
            "ray.tune.Trainable."
        )
    _check_declared(name, trainable)
    return trainable


def _check_declared(name: str, trainable: type[tune.Trainable]) -> None:
    """UserError for metrics that are none, and for what only a final trial could give."""
    for word in ("METRICS", "TEST_METRICS"):
        metrics = getattr(trainable, word, None) or ()
        named = isinstance(metrics, dict | list | tuple | set | frozenset)
        if not (named and all(isinstance(metric, str) for metric in metrics)):
            raise UserError(
                f"{word} of {name!r} must name the metrics it reports, not be {metrics!r}."
            )
    for word in ("TEST_METRICS", "final_model"):
        if getattr(trainable, word, None) and not accepts(trainable, "final"):
            raise UserError(
                f"{name!r} declares {word}, which is of the final training: have its setup "
                "take final=False."
            )


def own_kwargs(name: str | None) -> dict[str, Any]:
    """Keywords of trials that come with the trainable: a Python program's own data."""
    given: Any = None if name is None else load_object(name, kind="trainable")
    return given.as_trainable()[1] if hasattr(given, "as_trainable") else {}


def check_data_parallel(trainable: type[tune.Trainable], **workers: int) -> None:
    """UserError for several processes that would each train one of their own.

    `workers` by their option: `train_workers` is --train-workers.
    """
    for option, count in workers.items():
        if count > 1 and not issubclass(trainable, trainables.TorchTrainable):
            raise UserError(
                f"--{option.replace('_', '-')} {count} is for trainables derived from "
                f"TorchTrainable, which share out their batches: {trainable.__name__} is none."
            )


def trained_together(trainable: type[tune.Trainable], workers: int) -> type[tune.Trainable]:
    """By so many processes, where they can share out its batches."""
    if workers == 1 or not issubclass(trainable, trainables.TorchTrainable):
        return trainable
    return multi_process.data_parallel(trainable, workers)


def accepts(trainable: type[tune.Trainable], keyword: str) -> bool:
    return keyword in keywords_of(trainable.setup)


def is_reusable(trainable: type[tune.Trainable]) -> bool:
    """Whether a process that has done a trial can take another: the user must have written how."""
    return trainable.reset_config is not tune.Trainable.reset_config


def taken_of(trainable: type[tune.Trainable], trial_kwargs: dict[str, Any]) -> dict[str, Any]:
    """Those of the offered keywords that its `setup` has."""
    return {key: value for key, value in trial_kwargs.items() if accepts(trainable, key)}


def bind(trainable: type[tune.Trainable], trial_kwargs: dict[str, Any]) -> Any:
    """`trainable` with those of the offered keywords that its `setup` has.

    Its configs are as the `space` that is offered declares them, what it prints is kept, and it
    reports plain values.
    """
    taken = taken_of(trainable, trial_kwargs)
    own = (
        trainables.declared(trainable, trial_kwargs["space"])
        if "space" in trial_kwargs
        else trainable
    )
    ready = trainables.keeping_prints(trainables.reporting_plainly(own))
    return tune.with_parameters(ready, **taken) if taken else ready


def load_data(
    trainable: type[tune.Trainable], trial_kwargs: dict[str, Any]
) -> tuple[Data | None, dict[str, Any]]:
    """The data, for trainables that take any: a mistake in them is found before any trial.

    And the keywords of trials, with those that hold all of them to these data. A trainable says by
    `read_data` what they are; one that only takes a `dataset` is given the name of images.
    """
    read = getattr(trainable, "read_data", None)
    if read is None and not accepts(trainable, "dataset"):
        return None, trial_kwargs
    with step("Reading the data"):
        data = (read or datasets.load_asked)(trial_kwargs)
    if not isinstance(data, Data):
        raise UserError(
            f"read_data of {trainable.__name__} must return an object with name, digest, remarks, "
            f"facts() and keywords(), not a {type(data).__name__}."
        )
    for remark in data.remarks:
        console.print(f"{data.name}: {remark}", soft_wrap=True)
    return data, {**trial_kwargs, **data.keywords()}


def images_of(data: Data | None) -> "datasets.Dataset | None":
    """The data if they are images, which spaces of networks build for."""
    # Where nothing has imported torch, nothing has read images; `Dataset` would import it.
    return data if "torch" in sys.modules and isinstance(data, datasets.Dataset) else None


def final_objectives(trainable: type[tune.Trainable]) -> tuple[Objective, ...]:
    """What its final trials report of the test part, the most important first, if it tells.

    The direction of `test_rmse` is that of `val_rmse` or `rmse` in METRICS; else more is better.
    """
    metrics = getattr(trainable, "METRICS", None)
    modes = metrics if isinstance(metrics, Mapping) else {}

    def mode(name: str) -> Any:
        bare = name.removeprefix("test_")
        return next((modes[key] for key in (name, f"val_{bare}", bare) if key in modes), "max")

    return tuple(Objective(name, mode(name)) for name in getattr(trainable, "TEST_METRICS", ()))


def check_constrained(constraints: Sequence[str], trainable: type[tune.Trainable]) -> None:
    """UserError for a metric that the trainable does not declare in METRICS, if it does."""
    metrics = getattr(trainable, "METRICS", None)
    for text in constraints:
        name, _, _ = parse_outcome(text)
        if metrics and name not in metrics:
            raise UserError(
                f"Unknown metric {name!r} in --outcome-constraint: {trainable.__name__} reports "
                f"{', '.join(metrics)}."
            )


def objectives_of(text: str, trainable: type[tune.Trainable]) -> tuple[Objective, ...]:
    """Objectives checked against the metrics that the trainable declares in METRICS, if it does.

    `accuracy` may be written for `val_accuracy`.
    """
    return tuple(
        Objective(_declared(goal.metric, trainable, "the objective"), goal.mode)
        for goal in parse_objectives(text)
    )


def outcome_constraints_of(
    texts: Iterable[str], trainable: type[tune.Trainable]
) -> tuple[str, ...]:
    """The same for outcome constraints."""
    found = []
    for text in texts:
        name, relation, bound = parse_outcome(text)
        metric = _declared(name, trainable, f'outcome constraint "{text}"')
        found.append(text if metric == name else f"{metric} {relation} {bound!r}")
    return tuple(found)


def _declared(name: str, trainable: type[tune.Trainable], where: str) -> str:
    metrics = getattr(trainable, "METRICS", None)
    return metric_of(name, metrics, trainable.__name__, where) if metrics else name
