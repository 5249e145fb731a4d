"""The part of a fit's own rows that says when a model has learned enough."""

import numpy as np

SHARE = 0.1
PATIENCE = 50  # rounds of boosting without a better loss
MOST_ROUNDS = 2000


def held_part(
    y: np.ndarray, *, classes: int, seed: int, share: float = SHARE
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows to learn from, and of those that are held out of them.

    Of each class its share, by chance, and never its only row. `classes` is 0 for numbers.
    """
    generator = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == code) for code in range(classes)] or [np.arange(len(y))]
    held = [
        generator.permutation(rows)[: min(round(share * len(rows)), len(rows) - 1)]
        for rows in groups
        if len(rows)
    ]
    chosen = np.zeros(len(y), dtype=bool)
    chosen[np.concatenate(held)] = True
    if not chosen.any() and len(y) > 1:  # few rows of many classes
        largest = max(groups, key=len)
        chosen[largest[-1:]] = len(largest) > 1
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)
