"""EASE: a linear model of each item by all others, in closed form (Steck 2019)."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, lapack
from threadpoolctl import threadpool_limits

from automl_on_ray.trainables.recommendation.models.choosing import FitSettings
from automl_on_ray.trainables.recommendation.seen import Seen

FILE = "ease.npz"
BYTES = 2 * 8 + 4  # for each pair of items: its float64 twice, and the weight
SHARE = 0.5  # of the node's memory


class Ease:
    """`weights` (items, items) float32: what having one item says for another; 0 for itself."""

    def __init__(self, weights: np.ndarray, threads: int) -> None:
        self.weights, self.threads = weights, threads

    def scores(self, users: np.ndarray, seen: Seen) -> np.ndarray:
        with threadpool_limits(self.threads):
            return np.asarray(seen.matrix()[users] @ self.weights, np.float32)

    def save(self, folder: Path) -> None:
        np.savez(folder / FILE, weights=self.weights)


def fit(config: Mapping[str, Any], seen: Seen, settings: FitSettings) -> Ease:
    """MemoryError where the weights need more than half of the node's memory."""
    check_memory(seen.item_count)
    matrix = seen.matrix()
    together = (matrix.T @ matrix).toarray().astype(np.float64)
    together[np.diag_indices_from(together)] += config["ease_l2"]
    with threadpool_limits(settings.threads):
        factor, lower = cho_factor(together, lower=True, overwrite_a=True, check_finite=False)
        inverse, _ = lapack.dpotri(factor, lower=lower, overwrite_c=True)
    inverse = np.tril(inverse)
    inverse += np.tril(inverse, -1).T
    weights = (-inverse / np.diag(inverse)).astype(np.float32)
    np.fill_diagonal(weights, 0)
    return Ease(weights, settings.threads)


def load(folder: Path, threads: int) -> Ease:
    with np.load(folder / FILE, allow_pickle=False) as stored:
        return Ease(stored["weights"], threads)


def check_memory(items: int) -> None:
    """MemoryError, one line, if as many items need more than SHARE of the node's memory."""
    needed = BYTES * items**2
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > SHARE * there:
        raise MemoryError(
            f"EASE needs {needed / 1e9:,.1f} GB for {items:,} items, more than half of the "
            f"{there / 1e9:,.1f} GB of this node; another model, or a higher --core, needs less."
        )
