"""The settings from which a searcher is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.beliefs import Belief, together
from automl_on_ray.search_spaces.core import Objective, UserError


@dataclass(frozen=True)
class PriorTrial:
    """A trial from before the study. `curve` maps steps to metrics, all finite."""

    config: Config
    curve: Mapping[int, Mapping[str, float]]


@dataclass(frozen=True)
class Source:
    """Trials on other data: a task of its own, whose results are on a scale of their own.

    Configs have only keys of today's space, not necessarily all of them, with values that it has.
    Each trial's curve has one step, its last; values of metrics are finite.
    """

    name: str
    trials: tuple[PriorTrial, ...]


@dataclass(frozen=True)
class SearcherSettings:
    """A trial that ends before `time_attr` reaches `max_t` was stopped early.

    `points` are tried first; `known` are trials from before the study, of which steps after `max_t`
    count for nothing; `sources` are studies on other data, the nearest first; `beliefs` are what
    people know of parameters, and take the place of the space's own; `outcome_constraints` are such
    as "parameters <= 1e5"; `acquisition` names an acquisition function, of which `beta` is a
    parameter. Not every searcher takes all of these (`SearcherCapabilities`). `samples` is the
    number of trials, where known.

    `prior` scores a config before any trial, by a zero-cost proxy: higher is better, and minus
    infinity a network that cannot learn. `meets` tells whether a config is within hard limits; all
    others are drawn again. Both take configs without the space's constants, and are pickled.
    """

    space: SearchSpace
    objectives: tuple[Objective, ...]
    seed: int = 0
    max_t: int = 1
    time_attr: str = "training_iteration"
    samples: int | None = None
    points: tuple[Config, ...] = ()
    known: tuple[PriorTrial, ...] = ()
    sources: tuple[Source, ...] = ()
    beliefs: tuple[Belief, ...] = ()
    outcome_constraints: tuple[str, ...] = ()
    acquisition: str | None = None
    beta: float | None = None
    prior: Callable[[Config], float] | None = None
    meets: Callable[[Config], bool] | None = None

    def __post_init__(self) -> None:
        if not self.objectives:
            raise UserError("A searcher needs an objective: a metric to maximise or minimise.")
        self.space.validate()
        plain = tuple(self.space.plain(point) for point in self.points)
        known = self._plain(self.known)
        sources = tuple(replace(one, trials=self._plain(one.trials)) for one in self.sources)
        object.__setattr__(self, "points", plain)
        object.__setattr__(self, "known", known)
        object.__setattr__(self, "sources", sources)
        object.__setattr__(self, "beliefs", together(self.space.believed, self.beliefs))
        for config in (*plain, *(trial.config for trial in known)):
            self.space.check({**self.space.constants, **config})

    def _plain(self, trials: tuple[PriorTrial, ...]) -> tuple[PriorTrial, ...]:
        return tuple(PriorTrial(self.space.plain(one.config), one.curve) for one in trials)
