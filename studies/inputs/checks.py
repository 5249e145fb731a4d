"""Small checks of a command's options, before anything is started."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ray.tune.search.sample import Categorical, Float, Integer

from automl_on_ray.search_spaces import ImageShape, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError, is_uri
from automl_on_ray.studies.inputs.names import check_study
from automl_on_ray.trainables import differentiable_search
from automl_on_ray.trainables.datasets import is_path


def check_images(options: Mapping[str, int], classes: Sequence[str]) -> None:
    """UserError for fewer than ten images a class; 0 means all."""
    for option, count in options.items():
        if 0 < count < 10 * len(classes):
            raise UserError(
                f"{option} {count} are too few for {len(classes)} classes; give "
                f"{10 * len(classes)} or more, or 0 for all."
            )


def check_pixels(options: Mapping[str, int | None], image_shape: ImageShape) -> None:
    """UserError for a length that is more than the images' shorter side, in pixels."""
    side = min(image_shape[1:])
    for option, pixels in options.items():
        if pixels is not None and pixels > side:
            raise UserError(
                f"{option} {pixels} is more than the images have: their shorter side is {side} "
                "pixels."
            )


def check_supernet(space: SearchSpace, *, channels: int) -> None:
    """UserError for what no supernet can be: unknown keys or words, pairs that do not go together.

    And for `channels` that some member of `space` would part unevenly.
    """
    foreign = sorted(set(space.all) - set(differentiable_search.DEFAULTS))
    if foreign:
        raise UserError(
            f"Space {space.name!r} has {foreign[0]!r}, which a supernet does not know; "
            f"it knows {', '.join(differentiable_search.DEFAULTS)}."
        )
    for key in space.all:
        for value in _values(space, key):
            differentiable_search.check_setting(key, value)
    for relaxation in _values(space, "relaxation"):
        differentiable_search.check_learned(str(relaxation))
        for hypergradient in _values(space, "hypergradient"):
            # A condition may keep the two apart: then the second is at its default.
            pair = {"relaxation": relaxation, "hypergradient": hypergradient}
            differentiable_search.check_hypergradient(
                {**differentiable_search.DEFAULTS, **space.active(pair)}["hypergradient"],
                relaxation,
            )
    if isinstance(space.all.get("partial"), Integer):
        raise UserError(f"Space {space.name!r} has a range for partial; list its values instead.")
    for part in _values(space, "partial"):
        if channels % part:
            raise UserError(
                f"--search-channels {channels} must be a multiple of partial={part}, "
                f"which space {space.name!r} may choose."
            )


def _values(space: SearchSpace, key: str) -> Sequence[Any]:
    declared = space.all.get(key, differentiable_search.DEFAULTS[key])
    if isinstance(declared, Float | Integer):  # without an upper end, or with it exclusive
        return [declared.lower, max(declared.lower, declared.upper - isinstance(declared, Integer))]
    return declared.categories if isinstance(declared, Categorical) else [declared]


def check_directions(objectives: Sequence[Objective], ways: Mapping[str, str]) -> None:
    """UserError where the worst would be kept, as of `mae` instead of `-mae`.

    `ways` are "min" or "max" by metric, as a trainable's METRICS.
    """
    names = [(one.metric.removeprefix("val_"), ways[one.metric]) for one in objectives]
    right = ",".join(f"-{name}" if way == "min" else name for name, way in names)
    for objective, (name, way) in zip(objectives, names, strict=True):
        if objective.mode != way:
            wanted = "low" if way == "min" else "high"
            raise UserError(f"{name} is better when {wanted}: give --objective={right}.")


def data_kwargs(dataset: str, data_dir: str | None) -> dict[str, Any]:
    """Keywords of trials, which run in other folders: paths absolute, names and URIs as given."""
    return {
        "dataset": _absolute(dataset) if is_path(dataset) else dataset,
        "data_dir": _absolute(data_dir) if data_dir else None,
    }


def _absolute(path: str) -> str:
    return path if is_uri(path) else str(Path(path).expanduser().absolute())


def study_name(name: str | None, prefix: str) -> str:
    """As given, or of the present time. UserError for what cannot be a study's."""
    if name is None:
        return f"{prefix}-{time.strftime('%Y%m%d-%H%M%S')}"
    check_study(name)
    return name
