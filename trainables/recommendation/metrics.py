"""How good a ranking of all items is, and how much of the catalogue it shows."""

import numpy as np
from scipy import sparse

METRICS = {"ndcg": "max", "recall": "max", "coverage": "max"}
NDCG_AT, RECALL_AT = 10, 20


def top(scores: np.ndarray, seen: sparse.csr_matrix, count: int = RECALL_AT) -> np.ndarray:
    """The `count` best items (n, count) of scores (n, items), best first, without those `seen`.

    `seen` is (n, items). -1 stands where a user has no more items left.
    """
    raise NotImplementedError


def per_user(ranked: np.ndarray, held: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """`ndcg` (at 10) and `recall` (at 20) of each user, (n,), of `top` (n, 20) and `held`."""
    raise NotImplementedError


def scores(ranked: np.ndarray, held: sparse.csr_matrix) -> dict[str, float]:
    """All METRICS: means over users; `coverage` is the share of items in any first ten."""
    raise NotImplementedError
