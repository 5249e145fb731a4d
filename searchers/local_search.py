"""Local search with restarts (White et al. 2021): the first better neighbour is the next centre."""

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.choosing import SearcherCapabilities
from automl_on_ray.searchers.members import Judged, Learner, key_of, neighbours

CAPABILITIES = SearcherCapabilities(
    takes_known_results=True,
    takes_prior=True,
    takes_beliefs=True,
    takes_parameter_constraints=True,
)


def create(settings: SearcherSettings) -> "LocalSearch":
    return LocalSearch(settings)


class LocalSearch(Learner):
    """Tries the neighbours of a centre in random order; a better one becomes the centre.

    Where no neighbour is left, it begins again from a member at random. While neighbours are still
    on trial, it tries such beginnings already. With several objectives a neighbour is better if it
    dominates.
    """

    def begin(self) -> None:
        self._centre: Judged | None = None
        self._left: list[Config] = []
        self._beginnings: set[str] = set()

    def propose(self) -> Config | None:
        while self._left:
            config = self._left.pop()
            if self.is_new(config):
                return config
        return None

    def at_random(self) -> Config:
        config = super().at_random()
        self._beginnings.add(key_of(config))
        return config

    def learn(self, judged: Judged) -> None:
        assert self.settings is not None
        key = key_of(judged.config)
        begins = key in self._beginnings and not self._left
        self._beginnings.discard(key)
        if self._centre is None or begins or judged.beats(self._centre):
            self._centre = judged
            found = neighbours(self.settings.space, judged.config, self._generator)
            self._left = [found[index] for index in self._generator.permutation(len(found))]
