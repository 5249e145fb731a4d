"""Which studies on other data the model is shown beside today's, and which of their trials.

A fit costs with the cube of all trials in it, and studies that are not like today's have nothing to
tell: they draw the search to where they were good themselves. So the model sees the few sources
that order today's results best, and none that does it hardly better than chance. Of each it sees
the best trials, and others that are far apart.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata
from sklearn.neighbors import KNeighborsRegressor

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers._ask_tell import TrialOutcome
from automl_on_ray.searchers._settings import SearcherSettings, Source
from automl_on_ray.searchers.ax.encoding import Encoding
from automl_on_ray.searchers.ax.outcomes import metric_names
from automl_on_ray.searchers.kernels import Features
from automl_on_ray.searchers.members import varying

MAX_SOURCES = 3
MAX_TRIALS = 40  # of one source
MIN_RESULTS = 2  # with fewer of today's, the order given decides
# Agreement with today's results: 1 for their order, 0 for chance.
TOGETHER = 0.45  # of all sources as one, from which on each is shown that is better than chance
ALONE = 0.75  # of a source, from which on it is shown whatever the others say
NEIGHBOURS = 5  # whose mean is what a source expects of a config


@dataclass(frozen=True)
class Task:
    """A source as the model sees it: n trials as Ax's parameters, and n values of each metric."""

    name: str
    codes: tuple[dict[str, int | float], ...]
    values: Mapping[str, np.ndarray]
    units: np.ndarray  # (n, coordinates): where the trials are in the space


class Sources:
    """All sources of a study; `told` are today's results, which say which of them are like it."""

    def __init__(self, settings: SearcherSettings, encoding: Encoding) -> None:
        self._goal = settings.objectives[0]
        self._space = settings.space
        self._names = metric_names(settings)
        self._features = Features(settings.space.flat, "unit")
        tasks = [self._task(source, encoding) for source in settings.sources]
        self._tasks = [task for task in tasks if task.codes]
        self.unlike: list[str] = []  # names of those that order today's results wrongly
        self._told: list[tuple[Config, float, float]] = []  # how far it came, and its worth

    def tell(self, config: Config, outcome: TrialOutcome) -> None:
        """Of a trial of today's with results; one that was stopped early is below the others."""
        reach = math.inf if outcome.verdict == "completed" else max(outcome.curve)
        self._told.append((config, reach, self._goal.sign() * outcome.last[self._goal.metric]))

    def chosen(self) -> list[Task]:
        """The sources that the model is shown now, in the order given; none if none is alike."""
        worth = np.array([one[1:] for one in self._told]).reshape(-1, 2)
        ranks = np.unique(worth, axis=0, return_inverse=True)[1].reshape(-1)
        if not self._tasks or len(ranks) < MIN_RESULTS or not ranks.any():
            return self._tasks[:MAX_SOURCES]
        units = self._features.rows([config for config, *_ in self._told]).units
        expected = [self._expected(task, units) for task in self._tasks]
        agreed = [_agreement(one, ranks) for one in expected]
        least = 0.0 if _agreement(np.mean(expected, axis=0), ranks) >= TOGETHER else ALONE
        order = sorted(range(len(agreed)), key=lambda index: -agreed[index])
        self.unlike = [self._tasks[i].name for i in order if agreed[i] < least]
        kept = [i for i in order[:MAX_SOURCES] if agreed[i] >= least]
        return [self._tasks[i] for i in sorted(kept)]

    def _expected(self, task: Task, units: np.ndarray) -> np.ndarray:
        """Ranks among a source's own, 0 to 1, that it gives members at `units`: (n,)."""
        values = self._goal.sign() * task.values[self._names[self._goal.metric]]
        ranks = rankdata(values) / len(values)
        model = KNeighborsRegressor(min(NEIGHBOURS, len(ranks)), weights="distance")
        return np.asarray(model.fit(task.units, ranks).predict(units))

    def _task(self, source: Source, encoding: Encoding) -> Task:
        """Without trials that lack a metric of today's."""
        results = [
            (varying(self._space, trial.config), trial.curve[max(trial.curve)])
            for trial in source.trials
        ]
        whole = [(c, metrics) for c, metrics in results if self._names.keys() <= metrics.keys()]
        if not whole:
            return Task(source.name, (), {}, np.empty((0, 0)))
        units = self._features.rows([config for config, _ in whole]).units
        sign = 1 if self._goal.mode == "max" else -1
        worth = np.array([sign * metrics[self._goal.metric] for _, metrics in whole])
        kept = [whole[index] for index in spread(units, worth, MAX_TRIALS)]
        return Task(
            source.name,
            tuple(encoding.encode(config) for config, _ in kept),
            {
                ax: np.array([values[ours] for _, values in kept])
                for ours, ax in self._names.items()
            },
            self._features.rows([config for config, _ in kept]).units,
        )


def spread(units: np.ndarray, worth: np.ndarray, count: int) -> list[int]:
    """Indices of at most `count` of the rows of `units`, (n, coordinates): the best, then others.

    A third are those of the highest `worth`, (n,). Each of the others is the farthest from all that
    were taken before (Gonzalez 1985).
    """
    taken = [int(index) for index in np.argsort(-worth, kind="stable")[: math.ceil(count / 3)]]
    gap = cdist(units, units[taken]).min(axis=1)
    while len(taken) < min(count, len(units)):
        gap[taken] = -1.0
        taken.append(int(gap.argmax()))
        gap = np.minimum(gap, cdist(units, units[taken[-1:]])[:, 0])
    return taken


def _agreement(expected: np.ndarray, ranks: np.ndarray) -> float:
    """How far n results, by `ranks`, are in the order that was `expected` of them: -1 to 1.

    It is Kendall's tau where each pair counts by how far apart the two were expected: those that
    were tried because much was expected of all say little. -1 where all is expected alike.
    """
    apart = expected[:, None] - expected
    total = float(np.abs(apart).sum())
    return float((apart * np.sign(ranks[:, None] - ranks)).sum()) / total if total else -1.0
