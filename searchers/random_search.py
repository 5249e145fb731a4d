"""Random search (Bergstra and Bengio 2012): every config drawn alone, none twice if finite.

With a prior it is the control of that alone: many are drawn, and the best by it come first. What
people believe of parameters shapes the draws, the later the less.
"""

import heapq
from contextlib import suppress

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers._ask_tell import AskTellSearcher
from automl_on_ray.searchers._constraints import parse_constraints
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers._unvisited_members import Exhausted, UnvisitedMembers
from automl_on_ray.searchers.choosing import SearcherCapabilities
from automl_on_ray.searchers.members import BelievedDraws, varying

CAPABILITIES = SearcherCapabilities(
    learns_from_results=False,
    takes_prior=True,
    takes_beliefs=True,
    takes_parameter_constraints=True,
    takes_unbounded_domains=True,
)
MAX_DRAWS = 10_000  # for one config
DRAWN_FOR_EACH = 8  # with a prior; scoring one takes some hundredths of a second


def create(settings: SearcherSettings) -> "RandomSearch":
    return RandomSearch(settings)


class RandomSearch(AskTellSearcher):
    """Draws from the domains' own distributions, or from beliefs.

    UserError if constraints leave nothing.
    """

    def start(self) -> None:
        assert self.settings is not None
        space = self.settings.space
        self._generator = np.random.default_rng(self.settings.seed)
        self._constraints = parse_constraints(space)
        self._unvisited = UnvisitedMembers(space, self._points)
        self._beliefs = BelievedDraws(space, self.settings.beliefs)
        self._draws = 0
        self._ranked: list[tuple[float, int, Config]] = []  # a heap
        self._scored = 0

    def ask(self) -> Config:
        """By a prior the best of all that were drawn so far and not handed out."""
        assert self.settings is not None
        if self.settings.prior is None:
            return self.draw()
        with suppress(Exhausted):
            for _ in range(DRAWN_FOR_EACH):
                config = self.draw()
                self._scored += 1
                heapq.heappush(self._ranked, (-self.settings.prior(config), self._scored, config))
        if not self._ranked:
            raise Exhausted
        return heapq.heappop(self._ranked)[-1]

    def draw(self) -> Config:
        """A member that was not drawn yet, in a finite space. Raises Exhausted."""
        assert self.settings is not None
        space = self.settings.space
        self._unvisited.check()
        for _ in range(MAX_DRAWS):
            config = self.sampled()
            if all(c.holds(config) for c in self._constraints) and self._unvisited.take(config):
                self._draws += 1
                return config
        if self._unvisited.left is None:
            raise UserError(f"{MAX_DRAWS} draws from space {space.name!r} met no constraint.")
        return self._unvisited.left.pop(min(self._unvisited.left))

    def sampled(self) -> Config:
        """A member, whether it is new or not, and meets the constraints or not."""
        assert self.settings is not None
        space = self.settings.space
        given = self._beliefs.draw(self._generator, self._draws)
        return varying(space, space.sample(self._generator, given))
