"""Random search (Bergstra and Bengio 2012): every config drawn alone, none twice if finite."""

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers._ask_tell import AskTellSearcher
from automl_on_ray.searchers._capabilities import SearcherCapabilities
from automl_on_ray.searchers._constraints import parse_constraints
from automl_on_ray.searchers._domains import varying
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers._unvisited_members import Exhausted, UnvisitedMembers

CAPABILITIES = SearcherCapabilities(
    learns_from_results=False,
    takes_parameter_constraints=True,
    takes_unbounded_domains=True,
)
MAX_DRAWS = 10_000  # for one config


def create(settings: SearcherSettings) -> "RandomSearch":
    return RandomSearch(settings)


class RandomSearch(AskTellSearcher):
    """Draws from the domains' own distributions; UserError if constraints leave nothing."""

    def start(self) -> None:
        assert self.settings is not None
        space = self.settings.space
        self._generator = np.random.default_rng(self.settings.seed)
        self._constraints = parse_constraints(space)
        self._unvisited = UnvisitedMembers(space, self._points)

    def ask(self) -> Config:
        assert self.settings is not None
        space = self.settings.space
        self._unvisited.check()
        for _ in range(MAX_DRAWS):
            config = varying(space, space.sample(self._generator))
            if all(c.holds(config) for c in self._constraints) and self._unvisited.take(config):
                return config
        if self._unvisited.left:
            key = sorted(self._unvisited.left)[0]
            return self._unvisited.left.pop(key)
        if self._unvisited.left is None:
            raise UserError(f"{MAX_DRAWS} draws from space {space.name!r} met no constraint.")
        raise Exhausted
