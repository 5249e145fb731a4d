"""Spaces of networks that are trained by themselves, with what the options fix."""

from dataclasses import replace

from automl_on_ray.search_spaces import Config, SearchSpace, darts
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.architecture.settings import OF_DARTS, NasSettings
from automl_on_ray.studies.inputs import find_space
from automl_on_ray.trainables.image_classifier import DEFAULTS

OTHERS = ("cutout", "flip", "even_cutout", "nesterov", "decay_vectors", "last_batch")
DARTS = "darts"  # the one space of cells that is made of options: size, operations, training


def darts_space(asked: NasSettings) -> SearchSpace:
    """DARTS's cells in networks of one size, all trained alike. `asked` has all of it."""
    given = _of_networks(asked)
    sizes = {key: given.pop(key) for key in ("operations", "channels", "layers", "stem_stride")}
    # What is as usual is left out, as it was before there were options for it.
    rare = ("crop_border", "gradient_clip", "schedule_by")
    training = {k: v for k, v in given.items() if not (k in rare and v == DEFAULTS[k])}
    return darts.space(**sizes, **training)


def network_space(asked: NasSettings) -> SearchSpace:
    """The space that is named, with the options that were given as constants.

    UserError for an option that neither it nor, where that trains, the image classifier knows.
    """
    assert asked.space is not None
    if asked.space == DARTS:
        return darts_space(asked)
    space = find_space(asked.space)
    if space.build is None and asked.trainable is None:
        raise UserError(
            f"Space {space.name!r} has no build function, so there is no network to train by "
            "itself; give it one, or choose another with --space, such as darts."
        )
    if "seed" in space.all:
        raise UserError(
            f"Space {space.name!r} has a 'seed', but each architecture is trained with "
            "--select-seeds of them: leave it out of the space."
        )
    for key, value in _of_networks(asked).items():
        space = _fixed(space, key, value, ours=asked.trainable is None)
    return space


def _of_networks(asked: NasSettings) -> Config:
    """What was given of networks by themselves, by key; a flag if it is not as usual."""
    given = {key: getattr(asked, key) for key in (*OF_DARTS, *OTHERS)}
    return {
        key: value for key, value in given.items()
        if value is not None and not (key in OTHERS and value == DEFAULTS[key])
    }  # fmt: skip


def _fixed(space: SearchSpace, key: str, value: object, *, ours: bool) -> SearchSpace:
    own: Config = {key: value}
    beliefs = {k: density for k, density in space.beliefs.items() if k != key}
    if key in space.architecture:
        return replace(space, architecture={**space.architecture, **own}, beliefs=beliefs)
    if key in space.training or (ours and key in DEFAULTS):
        return replace(space, training={**space.training, **own}, beliefs=beliefs)
    raise UserError(
        f"--{key.replace('_', '-')} is nothing that space {space.name!r} has: leave it out, or "
        "give --evaluation supernet or --space darts, whose cells have it."
    )
