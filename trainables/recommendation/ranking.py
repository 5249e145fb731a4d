"""All items ranked for users, and how good that is."""

import time
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from automl_on_ray.trainables.recommendation.events import Seen
from automl_on_ray.trainables.recommendation.metrics import RECALL_AT, top
from automl_on_ray.trainables.recommendation.models import Recommender

AT_ONCE = 20_000_000  # scores that a block of users has in memory


@dataclass(frozen=True)
class Ranked:
    """The `items` (n, 20) that n users are shown, the best first, and the seconds for 1,000."""

    items: np.ndarray
    seconds: float


def rank(fitted: Recommender, seen: Seen, users: np.ndarray) -> Ranked:
    """Of all items, without those that a user has `seen`; `users` are codes (n,)."""
    known = sparse.csr_matrix(seen.matrix())
    block = max(1, AT_ONCE // max(1, seen.item_count))
    started = time.perf_counter()
    rows = [np.empty((0, RECALL_AT), dtype="int64")]
    for start in range(0, len(users), block):
        asked = users[start : start + block]
        rows.append(top(fitted.scores(asked, seen), known[asked]))
    took = time.perf_counter() - started
    return Ranked(np.concatenate(rows), 1000 * took / max(1, len(users)))
