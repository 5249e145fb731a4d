"""Implicit alternating least squares: factors of users and items (Hu, Koren & Volinsky 2008).

Regularisation grows with how often a user or item is there (Rendle et al. 2022).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from automl_on_ray.trainables.recommendation.models.choosing import FitSettings
from automl_on_ray.trainables.recommendation.seen import Seen

FILE = "ials.npz"
AT_ONCE = 4_000_000  # numbers that a block of systems of equations has in memory
SPREAD = 0.1  # of a first factor's length


class Factors:
    """`items` (items, factors). A user's factors are solved for from what he had.

    `unit` is the rating that counts as one event: the mean of those that were learned from.
    """

    def __init__(
        self, items: np.ndarray, regularisation: float, alpha: float, unit: float, threads: int
    ) -> None:
        self.items, self.threads = items, threads
        self.regularisation, self.alpha, self.unit = regularisation, alpha, unit

    def scores(self, users: np.ndarray, seen: Seen) -> np.ndarray:
        weights = _weights(seen, self.unit)[users]
        with threadpool_limits(self.threads):
            factors = solve(weights, self.items, self.regularisation, self.alpha)
            return np.asarray(factors @ self.items.T, np.float32)

    def save(self, folder: Path) -> None:
        told = np.array([self.regularisation, self.alpha, self.unit])
        np.savez(folder / FILE, items=self.items, told=told)


def fit(config: Mapping[str, Any], seen: Seen, settings: FitSettings) -> Factors:
    unit = 0.0 if seen.values is None else float(seen.values.mean())
    by_user = _weights(seen, unit)
    by_item = sparse.csr_matrix(by_user.T)
    width = config["ials_factors"]
    strengths = config["ials_regularisation"], config["ials_alpha"]
    rng = np.random.default_rng(settings.seed)
    items = rng.standard_normal((seen.item_count, width)) * SPREAD / np.sqrt(width)
    with threadpool_limits(settings.threads):
        for _ in range(config["ials_iterations"]):
            users = solve(by_user, items, *strengths)
            items = solve(by_item, users, *strengths)
    return Factors(items, *strengths, unit, settings.threads)


def load(folder: Path, threads: int) -> Factors:
    with np.load(folder / FILE, allow_pickle=False) as stored:
        regularisation, alpha, unit = stored["told"].tolist()
        return Factors(stored["items"], regularisation, alpha, unit, threads)


def solve(
    weights: sparse.csr_matrix, others: np.ndarray, regularisation: float, alpha: float
) -> np.ndarray:
    """(n, factors): of each row the factors that fit 1 where it has events, and 0 elsewhere.

    An event counts 1 + alpha times its weight, and none counts 1. The regularisation is that of a
    row without events, and 1 + alpha times as much for one that has them all.
    """
    width = others.shape[1]
    everywhere = others.T @ others
    shares = np.asarray(weights.sum(axis=1)).ravel() / weights.shape[1]
    found = np.empty((weights.shape[0], width))
    block = max(1, AT_ONCE // width**2)
    for start in range(0, len(found), block):
        rows = range(start, min(start + block, len(found)))
        systems = np.empty((len(rows), width, width))
        answers = np.empty((len(rows), width))
        for place, row in enumerate(rows):
            own = slice(weights.indptr[row], weights.indptr[row + 1])
            factors, strengths = others[weights.indices[own]], alpha * weights.data[own]
            systems[place] = everywhere + (factors.T * strengths) @ factors
            answers[place] = (1 + strengths) @ factors
        systems[:, range(width), range(width)] += (
            regularisation * (1 + alpha * shares[rows.start : rows.stop])
        )[:, None]
        found[rows.start : rows.stop] = np.linalg.solve(systems, answers[..., None])[..., 0]
    return found


def _weights(seen: Seen, unit: float) -> sparse.csr_matrix:
    """(users, items): ratings in units of `unit`, or 1 where there are none or that is 0."""
    matrix = seen.matrix()
    if seen.values is None or not unit > 0:
        return matrix
    strengths = (seen.values / unit).astype(np.float64)
    return sparse.csr_matrix((strengths, (seen.users, seen.items)), shape=matrix.shape)
