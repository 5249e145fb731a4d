"""Small checks of a command's options, before anything is started."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ray.tune.search.sample import Categorical

from search_spaces._errors import UserError
from search_spaces._space import SearchSpace
from trainables.darts_supernet import DEFAULTS
from trainables.datasets._dataset import is_path


def check_counts(at_least_one: Mapping[str, int | None], at_least_zero: Mapping[str, int]) -> None:
    """UserError for an option whose number makes no sense; keys are the options' names."""
    for least, options in ((1, at_least_one), (0, at_least_zero)):
        for option, value in options.items():
            if value is not None and value < least:
                raise UserError(f"{option} must be at least {least}, but got {value}.")


def check_images(options: Mapping[str, int], classes: Sequence[str]) -> None:
    """UserError for fewer than ten images a class; 0 means all."""
    for option, count in options.items():
        if 0 < count < 10 * len(classes):
            raise UserError(
                f"{option} {count} are too few for {len(classes)} classes; give "
                f"{10 * len(classes)} or more, or 0 for all."
            )


def check_supernet(space: SearchSpace, *, channels: int) -> None:
    """UserError if `space` has what a supernet does not know, or parts `channels` unevenly."""
    foreign = sorted(set(space.all) - set(DEFAULTS))
    if foreign:
        raise UserError(
            f"Space {space.name!r} has {foreign[0]!r}, which a supernet does not know; "
            f"it knows {', '.join(DEFAULTS)}."
        )
    partial = space.all.get("partial", 1)
    for part in partial.categories if isinstance(partial, Categorical) else [partial]:
        if channels % part:
            raise UserError(
                f"--search-channels {channels} must be a multiple of partial={part}, "
                f"which space {space.name!r} may choose."
            )


def data_source(dataset: str) -> str:
    """A path made absolute, since trials run in other folders; a name as it is."""
    return str(Path(dataset).expanduser().absolute()) if is_path(dataset) else dataset


def study_name(name: str | None, prefix: str) -> str:
    return name if name is not None else f"{prefix}-{time.strftime('%Y%m%d-%H%M%S')}"
