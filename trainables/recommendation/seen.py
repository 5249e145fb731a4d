"""What a recommender learns from, or is asked with.

Registered models bring this file along, so it imports nothing of this project.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Seen:
    """Events in order of time.

    `users` and `items` are codes (n,) below `user_count` and `item_count`, each pair once. `times`
    (n,) are float64 seconds, or positions where there is no time. `values` are ratings, or None.
    """

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    values: np.ndarray | None
    user_count: int
    item_count: int

    def matrix(self) -> sparse.csr_matrix:
        """(users, items) float32, 1 where there is an event."""
        ones = np.ones(len(self.users), np.float32)
        shape = (self.user_count, self.item_count)
        return sparse.csr_matrix((ones, (self.users, self.items)), shape=shape)
