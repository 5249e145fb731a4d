"""Item-based nearest neighbours: an item's score is the likeness of what a user had to it.

The likeness is the cosine of their users, shrunk where there are few of these (Sarwar et al. 2001).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from automl_on_ray.trainables.recommendation.models.choosing import FitSettings
from automl_on_ray.trainables.recommendation.seen import Seen

FILE = "item_knn.npz"
AT_ONCE = 4_000_000  # likenesses that a block of items has in memory


class ItemNeighbours:
    """`likeness` (items, items): in a row an item's nearest neighbours, 0 elsewhere."""

    def __init__(self, likeness: sparse.csr_matrix) -> None:
        self.likeness = likeness
        self.by_neighbour = sparse.csr_matrix(likeness.T)

    def scores(self, users: np.ndarray, seen: Seen) -> np.ndarray:
        found = seen.matrix()[users] @ self.by_neighbour
        return found.toarray().astype(np.float32)

    def save(self, folder: Path) -> None:
        sparse.save_npz(folder / FILE, self.likeness)


def fit(config: Mapping[str, Any], seen: Seen, settings: FitSettings) -> ItemNeighbours:
    by_item = sparse.csr_matrix(seen.matrix().T)
    neighbours = min(config["item_knn_neighbours"], seen.item_count)
    block = max(1, AT_ONCE // seen.item_count)
    rows = [
        _nearest(by_item, range(start, min(start + block, seen.item_count)), neighbours,
                 config["item_knn_shrink"])
        for start in range(0, seen.item_count, block)
    ]  # fmt: skip
    return ItemNeighbours(sparse.csr_matrix(sparse.vstack(rows)))


def load(folder: Path, threads: int) -> ItemNeighbours:
    return ItemNeighbours(sparse.csr_matrix(sparse.load_npz(folder / FILE)))


def _nearest(
    by_item: sparse.csr_matrix, block: range, neighbours: int, shrink: float
) -> sparse.csr_matrix:
    """Rows of the likeness. Those as like as the last neighbour are neighbours too."""
    together = (by_item[block.start : block.stop] @ by_item.T).toarray()
    lengths = np.sqrt(np.diff(by_item.indptr))
    products = np.outer(lengths[block.start : block.stop], lengths) + shrink
    likeness = np.divide(together, products, out=np.zeros_like(together), where=together > 0)
    likeness[np.arange(len(block)), block] = 0
    least = np.partition(likeness, -neighbours, axis=1)[:, -neighbours]
    return sparse.csr_matrix(np.where(likeness >= least[:, None], likeness, 0))
