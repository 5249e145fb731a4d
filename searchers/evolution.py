"""Regularised evolution (Real et al. 2019): the best of a sample has a child, the oldest dies.

With several objectives a steady-state NSGA-II (Deb et al. 2002): the worst dies, by rank and
crowding. Both are asynchronous, and no member is tried twice.
"""

from typing import Any

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Between
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.choosing import SearcherCapabilities
from automl_on_ray.searchers.members import Judged, Learner, best_first, crossed, mutated

CAPABILITIES = SearcherCapabilities(
    takes_known_results=True,
    takes_prior=True,
    takes_beliefs=True,
    takes_parameter_constraints=True,
)
USUAL_BUDGET = 50  # trials, where it is not known
MAX_CHILDREN = 20  # that are bred for one that is new


def create(settings: SearcherSettings) -> "Evolution":
    return Evolution(settings)


class Evolution(Learner):
    """A population of results; members at random until it is full, then children.

    Its size follows the budget: three tenths of the trials, from 10 to 100, and with several
    objectives a fifteenth, from 20 to 100. As large as the budget, it would be random search.
    `sample` of it are drawn for each parent, by default a third (two with several objectives). With
    probability `crossover` a child has two parents. UserError for other numbers.
    """

    def __init__(
        self,
        settings: SearcherSettings | None = None,
        *,
        population: int | None = None,
        sample: int | None = None,
        crossover: float = 0.0,
        **plain: Any,
    ) -> None:
        for name, value, allowed in (
            ("population", population, Between(2, 10_000)),
            ("sample", sample, Between(1, 10_000)),
            ("crossover", crossover, Between(0, 1)),
        ):
            if value is not None:
                allowed.check(name, value)
        self._size, self._sample, self._crossover = population, sample, crossover
        super().__init__(settings, **plain)

    def begin(self) -> None:
        self._population: list[Judged] = []

    def propose(self) -> Config | None:
        if self.asked < self.population or len(self._population) < 2:
            return None
        child = self._child()
        for _ in range(MAX_CHILDREN):
            if self.is_new(child):
                break
            child = self._child()
        return child

    def learn(self, judged: Judged) -> None:
        everyone = [*self._population, judged]
        if self._several:
            self._population = best_first(everyone)[: self.population]
        else:
            self._population = everyone[-self.population :]

    @property
    def population(self) -> int:
        """How many results have children. A study that goes on with more trials has more."""
        assert self.settings is not None
        budget = self.settings.samples or USUAL_BUDGET
        if self._size is not None:
            return self._size
        least, usual = (20, budget // 15) if self._several else (10, 3 * budget // 10)
        return min(max(usual, least), 100)

    @property
    def _several(self) -> bool:
        return len(self.metrics) > 1

    def _child(self) -> Config:
        assert self.settings is not None
        space, child = self.settings.space, self._parent()
        if self._generator.random() < self._crossover:
            child = crossed(space, child, self._parent(), self._generator)
        return mutated(space, child, self._generator)

    def _parent(self) -> Config:
        """The best of a sample; with several objectives the population stands best first."""
        alive = len(self._population)
        usual = 2 if self._several else max(self.population // 3, 1)
        size = min(self._sample or usual, alive)
        picked = sorted(self._generator.choice(alive, size, replace=False))
        sample = [self._population[index] for index in picked]
        return (sample if self._several else best_first(sample))[0].config
