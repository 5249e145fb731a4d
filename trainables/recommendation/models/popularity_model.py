"""What most users had is recommended to all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from automl_on_ray.trainables.recommendation.models.choosing import FitSettings
from automl_on_ray.trainables.recommendation.seen import Seen

FILE = "popularity.npz"


class Popularity:
    """`shares` (items,) float32 are the scores of all users."""

    def __init__(self, shares: np.ndarray) -> None:
        self.shares = shares

    def scores(self, users: np.ndarray, seen: Seen) -> np.ndarray:
        return np.tile(self.shares, (len(users), 1))

    def save(self, folder: Path) -> None:
        np.savez(folder / FILE, shares=self.shares)


def fit(config: Mapping[str, Any], seen: Seen, settings: FitSettings) -> Popularity:
    return Popularity(shares_of(seen.items, seen.item_count))


def load(folder: Path, threads: int) -> Popularity:
    with np.load(folder / FILE, allow_pickle=False) as stored:
        return Popularity(stored["shares"])


def shares_of(items: np.ndarray, item_count: int) -> np.ndarray:
    """(items,) float32: of the events, those that are an item's."""
    counts = np.bincount(items, minlength=item_count)
    return (counts / max(1, len(items))).astype(np.float32)
