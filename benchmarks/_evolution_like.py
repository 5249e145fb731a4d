"""What a searcher by evolution costs a driver: it remembers trials, and changes the better ones.

As in Real et al. 2019 (arXiv:1802.01548): the best of a sample of the last trials, one value anew.
"""

from collections import deque

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers import AskTellSearcher, TrialOutcome, varying

POPULATION, SAMPLE = 100, 25


class EvolutionLike(AskTellSearcher):
    def start(self) -> None:
        assert self.settings is not None
        self._generator = np.random.default_rng(self.settings.seed)
        self._population: deque[tuple[float, Config]] = deque(maxlen=POPULATION)

    def ask(self) -> Config:
        assert self.settings is not None
        space = self.settings.space
        drawn = varying(space, space.sample(self._generator))
        if len(self._population) < SAMPLE:
            return drawn
        sample = self._generator.choice(len(self._population), SAMPLE, replace=False)
        parent = max((self._population[i] for i in sample), key=lambda one: one[0])[1]
        key = self._generator.choice(sorted(drawn.keys() & parent.keys() - space.conditions.keys()))
        child = {**parent, key: drawn[key]}
        needed = {k: d for k, d in drawn.items() if k in space.conditions and k not in child}
        return varying(space, {**needed, **child})

    def tell(self, config: Config, outcome: TrialOutcome) -> None:
        assert self.settings is not None
        goal = self.settings.objectives[0]
        if outcome.last:
            self._population.append((goal.sign() * outcome.last[goal.metric], config))
