"""Results as numbers that a Gaussian process can believe in."""

from collections.abc import Sequence

import numpy as np
from scipy import special, stats

from automl_on_ray.searchers.members import Judged

SUM = 0.05  # the weight of the sum of what objectives lack, beside the most that one lacks


def targets(told: Sequence[Judged], weights: np.ndarray) -> np.ndarray:
    """Ranks of results, (n,), as quantiles of a normal distribution; the better, the higher.

    Ranks are by standing, then by the objectives, of which `weights` (objectives,) make one: the
    augmented Chebyshev function of Knowles (2006), here of ranks, so that scales mean nothing.
    Failed ones are equals.
    """
    reported = [index for index, one in enumerate(told) if one.values]
    worth = np.zeros(len(told))
    if reported:
        columns = zip(*(told[index].values for index in reported), strict=True)
        lacks = np.array([1 - stats.rankdata(c, "max") / len(reported) for c in columns])
        weighted = weights[:, None] * lacks
        worth[reported] = -weighted.max(0) - SUM * weighted.sum(0)
    pairs = [(one.standing, value) for one, value in zip(told, worth, strict=True)]
    order = {pair: rank for rank, pair in enumerate(sorted(set(pairs)))}
    ranks = stats.rankdata([order[pair] for pair in pairs])
    found: np.ndarray = special.ndtri((ranks - 0.5) / len(told))
    return found
