"""A task to be searched, and what trials of other tasks said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import PriorTrial, Source

GOAL = Objective("value", "min")
Value = Callable[[Config], float]


@dataclass(frozen=True)
class Problem:
    """`value` is minimised, in `trials` trials; no member of the space is below `lowest`.

    People who know the task think that `believed` is a good config, and those who are wrong think
    so of `misbelieved`; where nobody was asked, both are None.
    """

    space: SearchSpace
    value: Value
    lowest: float
    sources: tuple[Source, ...]
    trials: int
    believed: Config | None = None
    misbelieved: Config | None = None


def tried(name: str, configs: Sequence[Config], value: Value) -> Source:
    """A task on which these configs were tried."""
    return Source(
        name, tuple(PriorTrial(config, {1: {GOAL.metric: value(config)}}) for config in configs)
    )
