"""Greedy selection of an ensemble (Caruana et al. 2004: from libraries of models)."""

from collections.abc import Callable, Sequence

import numpy as np

ROUNDS = 25
MOST = 30  # members to select from


def greedy(
    members: Sequence[np.ndarray], loss: Callable[[np.ndarray], float], rounds: int = ROUNDS
) -> list[int]:
    """Places of the `members` that joined, up to the round of least loss, some repeatedly.

    In each of `rounds` that one joins, perhaps again, with which the mean of all that joined has
    the least loss.
    """
    joined: list[int] = []
    reached: list[float] = []
    total = np.zeros_like(members[0])
    for size in range(1, rounds + 1):
        losses = [loss((total + one) / size) for one in members]
        joined.append(int(np.argmin(losses)))
        reached.append(min(losses))
        total += members[joined[-1]]
    return joined[: int(np.argmin(reached)) + 1]


def weights_of(names: Sequence[str], joined: Sequence[int]) -> dict[str, float]:
    """How often each of the `names` joined, as a share, the largest first; by name where equal."""
    places, counts = np.unique(list(joined), return_counts=True)
    weights = {names[p]: float(c) / len(joined) for p, c in zip(places, counts, strict=True)}
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0])))
