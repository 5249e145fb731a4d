"""Mutations of good configs (Real et al. 2019): a searcher that learns, also from before."""

import numpy as np

from automl_on_ray.searchers import AskTellSearcher, SearcherCapabilities, SearcherSettings, varying

CAPABILITIES = SearcherCapabilities(learns_from_results=True, takes_known_results=True)
SAMPLE = 4  # of those that have ended: the best one has a child


def create(settings: SearcherSettings) -> "Evolution":
    return Evolution(settings)


class Evolution(AskTellSearcher):
    """A child has one value drawn anew; before there are enough parents, all of them are."""

    def start(self):
        self._generator = np.random.default_rng(self.settings.seed)
        self._ended = []
        for trial in self.settings.known:
            self._remember(trial.config, trial.curve[max(trial.curve)])

    def ask(self):
        space = self.settings.space
        drawn = space.sample(self._generator)
        if len(self._ended) < SAMPLE:
            return varying(space, drawn)
        picked = self._generator.choice(len(self._ended), SAMPLE, replace=False)
        parent = max((self._ended[index] for index in picked), key=lambda one: one[0])[1]
        gene = self._generator.choice([key for key in parent if key in space.domains])
        return varying(space, {**drawn, **parent, gene: drawn[gene]})

    def tell(self, config, outcome):
        if outcome.curve:
            self._remember(config, outcome.last)

    def _remember(self, config, metrics):
        goal = self.settings.objectives[0]
        self._ended.append((goal.sign() * metrics[goal.metric], config))
