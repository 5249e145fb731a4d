"""Draws from what people believe of parameters; as they go on, these fade into the domains' own."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.beliefs import Belief, weight_after
from automl_on_ray.searchers.members.domains import from_unit

CELLS = 1024  # of equal parts of a domain, in each of which a belief is constant


class BelievedDraws:
    """Quantiles of believed parameters: the domain's distribution, times a power of the density.

    The first draws are from the density itself (the power is 1), then it fades as it does for the
    acquisition function of a model, with draws in place of results.
    """

    def __init__(self, space: SearchSpace, beliefs: Sequence[Belief]) -> None:
        self._domains = {belief.key: space.domains[belief.key] for belief in beliefs}
        middles = (np.arange(CELLS) + 0.5) / CELLS
        self._logs = {
            belief.key: np.array(
                [belief.log_density(from_unit(self._domains[belief.key], u)) for u in middles]
            )
            for belief in beliefs
        }

    def unit(self, key: str, unit: float, drawn: int) -> float:
        """Where in [0, 1) of its domain the quantile `unit` of a parameter is, after `drawn` draws.

        `unit` itself if nothing is believed of it.
        """
        if key not in self._logs:
            return unit
        shares = np.exp(min(1.0, weight_after(drawn)) * self._logs[key])
        ends = np.cumsum(shares / shares.sum())
        cell = min(int(np.searchsorted(ends, unit, side="right")), CELLS - 1)
        begin = ends[cell - 1] if cell else 0.0
        within = (unit - begin) / max(ends[cell] - begin, 1e-300)
        return float(min((cell + min(within, 1.0)) / CELLS, np.nextafter(1.0, 0.0)))

    def draw(self, generator: np.random.Generator, drawn: int) -> dict[str, Any]:
        """A value of each believed parameter; the others are missing."""
        return {
            key: from_unit(domain, self.unit(key, float(generator.random()), drawn))
            for key, domain in self._domains.items()
        }
