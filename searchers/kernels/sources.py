"""What studies on other data expect of a member: of each a Gaussian process."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from scipy import optimize

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers._settings import SearcherSettings, Source
from automl_on_ray.searchers.kernels.features import Features, Rows
from automl_on_ray.searchers.kernels.process import Kernel, Posterior, fitted
from automl_on_ray.searchers.kernels.ranking import targets
from automl_on_ray.searchers.members import Judged, best_first, usual, varying


@dataclass(frozen=True)
class _Task:
    name: str
    told: tuple[Judged, ...]
    kernel: Kernel


class SourceModels:
    """Their results are ranks, as `targets` has them: scales of sources mean nothing.

    A source has no part without two trials that have all metrics.
    """

    def __init__(self, settings: SearcherSettings, features: Features) -> None:
        self._features, self._count = features, len(settings.objectives)
        told = [(source.name, _told(source, settings)) for source in settings.sources]
        self._tasks = [_Task(name, of, self._fitted(of)) for name, of in told if len(of) > 1]

    def __bool__(self) -> bool:
        return bool(self._tasks)

    @property
    def names(self) -> list[str]:
        return [task.name for task in self._tasks]

    @property
    def kernel(self) -> Kernel:
        """Of the nearest source."""
        return self._tasks[0].kernel

    def best(self, count: int) -> list[Config]:
        """The best members of all sources, of each in turn."""
        ranked = (best_first(task.told)[:count] for task in self._tasks)
        taken = [one.config for one in chain(*zip_longest(*ranked)) if one is not None]
        return taken[:count]

    def means(self, asked: Rows, weights: np.ndarray) -> np.ndarray:
        """Of n members (n, sources); `weights` (objectives,) as in `targets`."""
        return np.column_stack([self._mean(task, asked, weights) for task in self._tasks])

    def _mean(self, task: _Task, asked: Rows, weights: np.ndarray) -> np.ndarray:
        known = self._features.rows([one.config for one in task.told])
        values = targets(task.told, weights)
        posterior = Posterior(task.kernel, known.distances(known), values)
        return posterior.mean(known.distances(asked))

    def _fitted(self, told: Sequence[Judged]) -> Kernel:
        known = self._features.rows([one.config for one in told])
        values = targets(told, np.full(self._count, 1 / self._count))
        return fitted(None, known.distances(known), values)


def slopes(means: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of sources, (sources,), by n results `values` (n,), of which they expect `means`.

    Least squares, none below 0: a source that has ranked them wrongly says nothing. It is as if one
    more result of each source had said that all are to be believed alike, with a sum of 1.
    """
    count = means.shape[1]
    rows = np.vstack([means, np.eye(count)])
    found: np.ndarray = optimize.nnls(rows, np.append(values, np.full(count, 1 / count)))[0]
    return found


def _told(source: Source, settings: SearcherSettings) -> tuple[Judged, ...]:
    found, filling = [], usual(settings.space)
    for trial in source.trials:
        last = trial.curve[max(trial.curve)]
        if all(objective.metric in last for objective in settings.objectives):
            values = tuple(float(o.sign() * last[o.metric]) for o in settings.objectives)
            config = varying(settings.space, {**filling, **trial.config})
            found.append(Judged(config, np.inf, values))
    return tuple(found)
