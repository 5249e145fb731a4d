"""Chooses a portfolio: configs such that, on each data set, one of the first few is good.

Greedy, as auto-sklearn 2 (Feurer et al. 2022) and TabRepo (Salinas and Erickson 2024) do it.
"""

import numpy as np


def normalised(losses: np.ndarray) -> np.ndarray:
    """(configs, data sets) -> as TabRepo has it: 0 is the best config of a data set, 1 the median.

    What is worse than the median, or failed (NaN), is 1. So no data set counts for more by its
    unit, nor by how bad a config can be there.
    """
    known = np.where(np.isnan(losses), np.inf, losses)
    least = known.min(axis=0)
    best = np.where(np.isfinite(least), least, 0.0)  # a data set on which all failed
    worst = np.where(np.isfinite(known), known, best).max(axis=0)
    median = np.median(known, axis=0)
    width = np.where(np.isfinite(median), median, worst) - best
    return np.minimum((known - best) / np.where(width > 0, width, 1.0), 1.0)


def choose(errors: np.ndarray, count: int) -> list[int]:
    """Rows of `errors` (configs, data sets) in order, at most `count` of them.

    Each that joins lowers the mean over data sets of the least error so far the most; of equal
    ones, the one that is better alone.
    """
    chosen: list[int] = []
    reached = np.full(errors.shape[1], np.inf)
    alone = errors.mean(axis=1)
    while len(chosen) < min(count, len(errors)):
        means = np.minimum(errors, reached).mean(axis=1)
        means[chosen] = np.inf
        chosen.append(int(np.lexsort((alone, means))[0]))
        reached = np.minimum(reached, errors[chosen[-1]])
    return chosen
