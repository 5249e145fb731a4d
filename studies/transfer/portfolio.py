"""Configs that did well on other data, and are far apart: what to try first."""

from collections.abc import Sequence

import numpy as np
from sklearn.neighbors import KNeighborsRegressor

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, Source, meets_constraints, varying
from automl_on_ray.searchers.kernels import Features
from automl_on_ray.searchers.members import key_of, usual

NEIGHBOURS = 8  # trials by which a config is judged where it was not tried
APART = 0.05  # least distance of two configs: root of the mean square over parameters, each 0 to 1


def first_configs(
    sources: Sequence[Source], space: SearchSpace, objective: Objective, count: int
) -> tuple[Config, ...]:
    """At most `count` members of `space`, the one to try first in front; constants are left out.

    Greedy, as the portfolios of auto-sklearn 2.0 (Feurer, Eggensperger, Falkner, Lindauer, Hutter
    2022): each is the one, of all that the sources tried, that lowers the mean over the sources of
    the least regret so far the most. A regret is 0 for a source's best, and 1 from its median on.
    Where a config was not tried, the trials nearest to it foretell its regret. Once nothing lowers
    the mean, the next ones are the best that are apart from those before; so they are of one
    source. What a source's config lacks is as in the space's start, or the middle. The same sources
    give the same configs.
    """
    judged = [_Judged(source, space, objective) for source in sources if source.trials]
    found = {key_of(config): config for each in judged for config in each.better()}
    configs = [config for config in found.values() if _is_allowed(space, config)]
    if not configs:
        return ()
    rows = _rows(space, configs)
    regrets = np.stack([each.foretold(rows) for each in judged], axis=1)
    return tuple(configs[index] for index in _cover(regrets, rows, count))


class _Judged:
    """What a source has tried, as members of today's space, and the regret of each."""

    def __init__(self, source: Source, space: SearchSpace, objective: Objective) -> None:
        filling = usual(space)
        self._configs = [varying(space, {**filling, **trial.config}) for trial in source.trials]
        values = [objective.sign() * _last(trial, objective.metric) for trial in source.trials]
        self._regrets = _regrets(np.array(values))
        self._rows = _rows(space, self._configs)

    def better(self) -> list[Config]:
        """Those above the median, the best first."""
        order = np.argsort(self._regrets, kind="stable")
        return [self._configs[index] for index in order if self._regrets[index] < 1]

    def foretold(self, rows: np.ndarray) -> np.ndarray:
        """Regrets (n,) of n members, given as rows (n, columns); its own are as measured."""
        model = KNeighborsRegressor(min(NEIGHBOURS, len(self._rows)), weights="distance")
        return np.asarray(model.fit(self._rows, self._regrets).predict(rows))


def _last(trial: PriorTrial, metric: str) -> float:
    return trial.curve[max(trial.curve)][metric]


def _regrets(values: np.ndarray) -> np.ndarray:
    """Of values (n,) of which more is better."""
    best, middle = values.max(), np.median(values)
    if best == middle:
        return np.where(values == best, 0.0, 1.0)
    return np.clip((best - values) / (best - middle), 0.0, 1.0)


def _is_allowed(space: SearchSpace, config: Config) -> bool:
    try:
        space.check({**space.constants, **config})
    except UserError:
        return False
    return meets_constraints(space, config)


def _rows(space: SearchSpace, configs: Sequence[Config]) -> np.ndarray:
    """(n, columns), whose Euclidean distances are at most about 1."""
    units = Features(space, "unit").rows(configs).units / np.sqrt(len(space.domains))
    return np.nan_to_num(units)  # of domains without bounds


def _cover(regrets: np.ndarray, rows: np.ndarray, count: int) -> list[int]:
    """Indices of at most `count` of n members; `regrets` (n, sources), `rows` (n, columns)."""
    chosen: list[int] = []
    least = np.ones(regrets.shape[1])
    means = regrets.mean(axis=1)
    while len(chosen) < min(count, len(rows)):
        left = [index for index in range(len(rows)) if index not in chosen]
        apart = [i for i in left if not chosen or _distance(rows, i, chosen) >= APART] or left
        reached = np.minimum(least, regrets).mean(axis=1)
        if reached[apart].min() >= least.mean():  # all is covered: another round
            least, reached = np.ones_like(least), means
        best = min(apart, key=lambda index: (reached[index], means[index], index))
        least = np.minimum(least, regrets[best])
        chosen.append(best)
    return chosen


def _distance(rows: np.ndarray, index: int, others: list[int]) -> float:
    return float(np.linalg.norm(rows[others] - rows[index], axis=1).min())
