"""Which studies on other data the model is shown beside today's, and which of their trials.

A fit costs with the cube of all trials in it, and studies that are not like today's have nothing to
tell. So the model sees the few sources that order today's first results best, and of each the best
trials and others that are far apart.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import kendalltau
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
MIN_RESULTS = 3  # with fewer of today's, the order given decides
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
        self._told: list[tuple[Config, float]] = []

    def tell(self, config: Config, outcome: TrialOutcome) -> None:
        """Of a trial of today's that ran to its end."""
        self._told.append((config, outcome.last[self._goal.metric]))

    def chosen(self) -> list[Task]:
        """The sources that the model is shown now: the most alike first."""
        if len(self._tasks) <= MAX_SOURCES or len(self._told) < MIN_RESULTS:
            return self._tasks[:MAX_SOURCES]
        units = self._features.rows([config for config, _ in self._told]).units
        values = np.array([value for _, value in self._told])
        metric = self._names[self._goal.metric]
        likeness = [_agreement(task, metric, units, values) for task in self._tasks]
        order = sorted(range(len(likeness)), key=lambda index: -likeness[index])
        return [self._tasks[index] for index in order[:MAX_SOURCES]]

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


def _agreement(task: Task, metric: str, units: np.ndarray, values: np.ndarray) -> float:
    """How alike a source and results (n,) at `units` are in order: Kendall's tau, -1 to 1."""
    near = min(NEIGHBOURS, len(task.units))
    expects = KNeighborsRegressor(near, weights="distance").fit(task.units, task.values[metric])
    tau = float(kendalltau(expects.predict(units), values).statistic)
    return tau if math.isfinite(tau) else -1.0
