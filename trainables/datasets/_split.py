"""Stratified parts of a data set, by seed."""

import numpy as np

from automl_on_ray.search_spaces.core import UserError


def stratified(labels: np.ndarray, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (ascending) of the rest and of a part of `count` with the same mix of classes.

    Each class gives its share of `count`, rounded so that the sum is right (largest remainders);
    none gives its last image away. UserError if that leaves too few.
    """
    rng = np.random.default_rng(seed)
    classes, sizes = np.unique(labels, return_counts=True)
    if not 0 < count <= len(labels) - len(classes):
        raise UserError(
            f"A part of {count} cannot be split off {len(labels)} images of {len(classes)} classes:"
            " both the part and each class of the rest need at least one."
        )
    taken = _shares(sizes, count)
    part = [
        rng.permutation(np.flatnonzero(labels == value))[:take]
        for value, take in zip(classes, taken, strict=True)
    ]
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[np.concatenate(part)] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _shares(sizes: np.ndarray, count: int) -> np.ndarray:
    """How many each class gives: proportional, summing up to `count`, at most size - 1."""
    exact = sizes * (count / sizes.sum())
    shares = np.minimum(np.floor(exact).astype(int), sizes - 1)
    while shares.sum() < count:
        room = np.where(shares < sizes - 1, exact - shares, -np.inf)
        shares[np.argmax(room)] += 1
    return shares
