"""Exploration by factors and new draws (Jaderberg et al. 2017, arXiv:1711.09846)."""

from typing import Any

import numpy as np
from ray.tune.search.sample import Categorical, Domain, Integer

from automl_on_ray.search_spaces import Config, Exploit, Interval, SearchSpace, nearest, step_of

FACTORS = (0.8, 1.2)
RESAMPLE = 0.25  # the probability of a new draw from the domain


class PerturbExplorer:
    """An Explorer: each value is drawn anew, or multiplied; a choice moves to its neighbour."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._domains = space.mutable
        self._generator = np.random.default_rng(seed)

    def tell(self, interval: Interval) -> None:
        """Learns nothing."""

    def explore(self, exploit: Exploit, *, wait: bool) -> Config | None:
        return {
            key: self._perturbed(self._domains[key], value) if key in self._domains else value
            for key, value in exploit.config.items()
        }

    def drop(self, exploit: Exploit) -> None:
        """Nothing was kept of it."""

    def _perturbed(self, domain: Domain, value: Any) -> Any:
        if self._generator.random() < RESAMPLE:
            state = np.random.RandomState(self._generator.integers(2**32 - 1))
            return domain.sample(random_state=state)
        up = int(self._generator.integers(2))
        if isinstance(domain, Categorical):
            options = list(domain.categories)
            at = next(i for i, o in enumerate(options) if type(o) is type(value) and o == value)
            at += 1 if up else -1
            return options[min(max(at, 0), len(options) - 1)]
        moved = nearest(domain, value * FACTORS[up])
        step = step_of(domain) or (1 if isinstance(domain, Integer) else 0)
        if moved == value and step:
            moved = nearest(domain, value + (step if up else -step))
        return moved
