"""A space as a row of decisions, each between a few options; a number's range in equal parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ray.tune.search.sample import Categorical, Domain
from scipy import special

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.beliefs import Belief
from automl_on_ray.searchers.members import check_supported, from_unit, to_unit, values, varying

CELLS = 16  # of an option's part of a domain, in each of which a belief is constant
MAX_LISTED = 12  # values of a number that are an option each
PARTS = 10  # of a range with more of them
ABSENT = -1  # the option of a decision that a member does not take


@dataclass(frozen=True)
class Decision:
    key: str
    domain: Domain
    options: int

    def option_of(self, value: Any) -> int:
        unit = to_unit(self.domain, value)
        return min(int(unit * self.options), self.options - 1)

    def draw(self, option: int, generator: np.random.Generator) -> Any:
        """A value of that part of the domain; the only one where options are values.

        A part may begin within a whole number, which then belongs to one of the two parts.
        """
        for _ in range(8):
            value = from_unit(self.domain, (option + generator.random()) / self.options)
            if self.option_of(value) == option:
                break
        return value


class Decisions:
    """The decisions of a space, each after those that it depends on."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self.every: list[Decision] = []
        waiting = list(space.domains)
        while waiting:
            parents = {k: space.conditions[k].parent for k in waiting if k in space.conditions}
            ready = [key for key in waiting if parents.get(key) not in waiting]
            self.every += [_decision(key, space.domains[key]) for key in ready]
            waiting = [key for key in waiting if key not in ready]

    def __len__(self) -> int:
        return len(self.every)

    @property
    def widest(self) -> int:
        return max(decision.options for decision in self.every)

    def encode(self, config: Config) -> list[int]:
        """The option of each decision; ABSENT where it is not taken."""
        active = varying(self._space, config)
        return [d.option_of(active[d.key]) if d.key in active else ABSENT for d in self.every]

    def believed(self, beliefs: Sequence[Belief]) -> np.ndarray:
        """Logarithms (decisions, options), float32, of the beliefs' mean densities in each option.

        0 where nothing is believed.
        """
        found = np.zeros((len(self), self.widest), np.float32)
        by_key = {belief.key: belief for belief in beliefs}
        for row, decision in zip(found, self.every, strict=True):
            if decision.key in by_key:
                row[: decision.options] = _believed(decision, by_key[decision.key])
        return found

    def applies(self, decision: Decision, config: Config) -> bool:
        """Whether it is taken after the decisions before it, which `config` has."""
        condition = self._space.conditions.get(decision.key)
        return condition is None or condition.holds({**self._space.constants, **config})


def _believed(decision: Decision, belief: Belief) -> np.ndarray:
    units = (np.arange(decision.options * CELLS) + 0.5) / (decision.options * CELLS)
    logs = np.array([belief.log_density(from_unit(decision.domain, unit)) for unit in units])
    return special.logsumexp(logs.reshape(-1, CELLS), axis=1) - np.log(CELLS)


def _decision(key: str, domain: Domain) -> Decision:
    check_supported(key, domain)
    listed = values(domain, MAX_LISTED)
    if isinstance(domain, Categorical):
        return Decision(key, domain, len(domain.categories))
    return Decision(key, domain, PARTS if listed is None else len(listed))
