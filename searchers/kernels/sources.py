"""What studies on other data expect of a member: of each a Gaussian process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from scipy import optimize

from automl_on_ray.search_spaces import Config
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.kernels.features import Features, Rows
from automl_on_ray.searchers.kernels.process import Kernel, Posterior, fitted
from automl_on_ray.searchers.kernels.ranking import targets
from automl_on_ray.searchers.members import Judged, best_first, results_of

TRUSTED = 0.5  # from which trust on a source has a part in what is expected
Scores = Callable[[list[Config]], np.ndarray]  # of n members (n,)


@dataclass(frozen=True)
class _Task:
    name: str
    told: tuple[Judged, ...]


class SourceModels:
    """Their results are ranks, as `targets` has them: scales of sources mean nothing.

    A source has no part without two trials that have all metrics.
    """

    def __init__(self, settings: SearcherSettings, features: Features) -> None:
        self._features = features
        told = [(source.name, results_of(source, settings)) for source in settings.sources]
        self._tasks = [_Task(name, trials) for name, trials in told if len(trials) > 1]
        self.kernel = self._fitted(len(settings.objectives)) if self._tasks else None

    def __bool__(self) -> bool:
        return bool(self._tasks)

    def best(self, count: int) -> list[Config]:
        """The best members of all sources, of each in turn."""
        ranked = (best_first(task.told)[:count] for task in self._tasks)
        taken = [one.config for one in chain(*zip_longest(*ranked)) if one is not None]
        return taken[:count]

    def expected(self, weights: np.ndarray) -> Scores:
        """While there are no results: all sources as one. `weights` as in `targets`."""
        return self._mean(self._tasks, weights)

    def expected_after(
        self, told: list[Config], values: np.ndarray, weights: np.ndarray
    ) -> tuple[Scores, dict[str, float]]:
        """Beside n results `values` (n,): above the mean of those told; and the trust in each.

        Trust is a source's part of what explains the results best, 1 if they are alike. Those that
        are trusted are one task, times a slope.
        """
        apart = [self._mean([task], weights)(told) for task in self._tasks]
        shares = np.minimum(1.0, slopes(np.column_stack(apart), values) * len(apart))
        trust = {task.name: float(x) for task, x in zip(self._tasks, shares, strict=True)}
        kept = [task for task in self._tasks if trust[task.name] >= TRUSTED]
        if not kept:
            return (lambda members: np.zeros(len(members))), trust
        mean = self._mean(kept, weights)
        middle = mean(told).mean()
        slope = slopes(mean(told)[:, None], values)[0]
        return (lambda members: slope * (mean(members) - middle)), trust

    def _mean(self, tasks: Sequence[_Task], weights: np.ndarray) -> Scores:
        known, values = self._results(tasks, weights)
        assert self.kernel is not None
        posterior = Posterior(self.kernel, known.distances(known), values)
        return lambda members: posterior.mean(known.distances(self._features.rows(members)))

    def _results(self, tasks: Sequence[_Task], weights: np.ndarray) -> tuple[Rows, np.ndarray]:
        known = self._features.rows([one.config for task in tasks for one in task.told])
        return known, np.concatenate([targets(task.told, weights) for task in tasks])

    def _fitted(self, objectives: int) -> Kernel:
        known, values = self._results(self._tasks, np.full(objectives, 1 / objectives))
        return fitted(None, known.distances(known), values)


def slopes(means: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of sources, (sources,), by results `values` (n,), of which they expect `means` (n, sources).

    Least squares beside the mean, none below 0: a source that has ranked results wrongly says
    nothing. It is as if one more result of each had said to believe all alike, 1 in sum.
    """
    count = means.shape[1]
    rows = np.vstack([means - means.mean(0), np.eye(count)])
    found: np.ndarray = optimize.nnls(rows, np.append(values, np.full(count, 1 / count)))[0]
    return found
