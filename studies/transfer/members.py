"""Which trials of an earlier study are for today, and for what."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from automl_on_ray.search_spaces import Config, SearchSpace, contains
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import meets_constraints
from automl_on_ray.tracking.store import EarlierTrial

T = TypeVar("T")
ENOUGH = 10  # whole trials, beside which those that were stopped early are not needed


def member(space: SearchSpace, config: Config) -> Config:
    """What varies of a config that is a member, constants included. UserError if it is none."""
    whole = space.active(space.plain(config))
    space.check(whole)
    for key, value in space.constants.items():
        if key in whole and whole[key] != value:
            raise UserError(f"Config has {key}={whole[key]!r}, which is {value!r} today.")
    return {key: value for key, value in whole.items() if key in space.domains}


def shared(space: SearchSpace, config: Config) -> Config:
    """What today's space varies of a config of another one; what it lacks is left open.

    UserError if that is nothing, or today's space does not allow it.
    """
    plain = space.plain(config)
    own = {key: value for key, value in plain.items() if key in space.domains}
    kept = space.active({**space.constants, **own})
    own = {key: value for key, value in own.items() if key in kept}
    for key, value in own.items():
        if not contains(space.domains[key], value):
            told = space.domains[key].domain_str
            raise UserError(f"Config has {key}={value!r}, outside {told} of space {space.name!r}.")
    if not own:
        raise UserError(f"Config has nothing that space {space.name!r} varies.")
    if not meets_constraints(space, own):
        raise UserError(f"Config breaks a constraint of space {space.name!r}.")
    return own


def best_and_spread(trials: Sequence[T], worth: Callable[[T], float], most: int) -> list[T]:
    """At most so many: half of them of the most worth, half evenly spread over the others by it."""
    if len(trials) <= most:
        return list(trials)
    ranked = sorted(trials, key=lambda trial: -worth(trial))
    best, rest = ranked[: most // 2], ranked[most // 2 :]
    places = np.linspace(0, len(rest) - 1, most - len(best)).round().astype(int)
    return [*best, *(rest[place] for place in places)]


def worth_by(objective: Objective) -> Callable[[EarlierTrial], float]:
    """A trial's value, the higher the better."""
    return lambda trial: objective.sign() * trial.metrics[objective.metric]


def whole_first(trials: Sequence[EarlierTrial], enough: int = ENOUGH) -> list[EarlierTrial]:
    """Those that came to their end; with fewer than `enough`, those that came the farthest too.

    What a trial had when it was stopped early is no value at its end.
    """
    ended = [trial for trial in trials if trial.outcome == "completed"]
    others = sorted((t for t in trials if t.outcome != "completed"), key=lambda t: -t.step)
    return [*ended, *others[: max(0, enough - len(ended))]]
