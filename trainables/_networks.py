"""A config's network: built, and read from a trial's checkpoint."""

from pathlib import Path

import numpy as np
from torch import nn

from automl_on_ray.search_spaces import Config, ImageShape, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables._torch_trainable import read_state


def build_network(
    space: SearchSpace, config: Config, image_shape: ImageShape, classes: int
) -> nn.Module:
    """The network of `config`, plain or not, on the CPU. UserError if the space builds none."""
    if space.build is None:
        raise UserError(
            f"Space {space.name!r} has no build function, so there is no network to train; "
            "give it one, or choose another with --space."
        )
    return space.build(space.as_declared(space.plain(config)), image_shape, classes)


def load_network(
    checkpoint: str | Path,
    config: Config,
    *,
    space: SearchSpace,
    image_shape: ImageShape,
    classes: int,
) -> nn.Module:
    """The trained network of a trial's checkpoint folder, on the CPU, in evaluation mode."""
    member = member_of(space, config)[0]
    network = build_network(space, member, image_shape, classes)
    network.load_state_dict(read_state(checkpoint)["network"])
    return network.eval()


def member_of(space: SearchSpace, config: Config) -> tuple[Config, int | None]:
    """The member that a trial's config names, and the seed of its own if it carries one.

    The config may be plain; the member is as declared, but with Python's numbers for NumPy's, which
    checkpoints cannot hold. Raises UserError if it is none. Tune's config may hold None for a
    parameter that does not apply.
    """
    member = space.plain(config)
    seed = None if "seed" in space.all else member.pop("seed", None)
    member = space.active(member)
    space.check(member)
    declared = space.as_declared(member).items()
    return {k: v.item() if isinstance(v, np.generic) else v for k, v in declared}, seed
