"""How good a ranking of all items is, and how much of the catalogue it shows.

All items are ranked, without a sample of them: metrics on samples may put models into another order
(Krichene & Rendle 2022).
"""

import numpy as np
from scipy import sparse

METRICS = {"ndcg": "max", "recall": "max", "coverage": "max"}
NDCG_AT, RECALL_AT = 10, 20


def top(scores: np.ndarray, seen: sparse.csr_matrix, count: int = RECALL_AT) -> np.ndarray:
    """The `count` best items (n, count) of scores (n, items), best first, without those `seen`.

    `seen` is (n, items). Of items with the same score the one with the lower code is first. -1
    stands where a user has no more items left.
    """
    left = np.array(scores, dtype=np.float32)
    left[np.isnan(left)] = -np.inf
    left[seen.nonzero()] = -np.inf
    count_here = min(count, left.shape[1])
    least = -np.partition(-left, count_here - 1, axis=1)[:, count_here - 1]
    ranked = np.full((len(left), count), -1, np.int64)
    for row, (values, bound) in enumerate(zip(left, least, strict=True)):
        among = np.flatnonzero(values >= bound)
        best = among[np.argsort(-values[among], kind="stable")][:count_here]
        best = best[values[best] > -np.inf]
        ranked[row, : len(best)] = best
    return ranked


def per_user(ranked: np.ndarray, held: sparse.csr_matrix) -> dict[str, np.ndarray]:
    """`ndcg` and `recall` of each user, (n,), of the rows of `top` (n, 20) and `held` (n, items).

    NDCG is of the first 10, with gains of 0 or 1 (Järvelin & Kekäläinen 2002). Recall is the share
    of the held items among the first 20, of as many as could be there: of 20 where more are held.
    """
    counts = np.diff(held.indptr)
    shown = np.where(ranked < 0, 0, ranked)
    hits = np.zeros(ranked.shape)
    for row in range(len(ranked)):
        mine = held.indices[held.indptr[row] : held.indptr[row + 1]]
        hits[row] = np.isin(shown[row], mine) & (ranked[row] >= 0)
    gains = 1 / np.log2(np.arange(2, NDCG_AT + 2))
    ideal = np.cumsum(gains)[np.clip(counts, 1, NDCG_AT) - 1]
    return {
        "ndcg": hits[:, :NDCG_AT] @ gains / ideal,
        "recall": hits[:, :RECALL_AT].sum(axis=1) / np.clip(counts, 1, RECALL_AT),
    }


def scores(ranked: np.ndarray, held: sparse.csr_matrix) -> dict[str, float]:
    """All METRICS: means over users; `coverage` is the share of items in any user's first ten."""
    shown = np.unique(ranked[:, :NDCG_AT])
    means = {name: float(values.mean()) for name, values in per_user(ranked, held).items()}
    return {**means, "coverage": int((shown >= 0).sum()) / held.shape[1]}
