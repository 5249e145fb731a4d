"""The nearest series, by Euclid's distance: the oldest baseline for classes of series.

Series of another length are brought to that of the longest one that was fitted, on straight lines
between their points.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from automl_on_ray.trainables.series_classes.models.choosing import FitSettings
from automl_on_ray.trainables.series_classes.models.padding import Scaling, lengths_of

FILE = "model.npz"
BLOCK = 256  # series that are asked at a time


class Neighbours:
    """A `Model`. `known` (n, channels, length) are scaled, and of one length."""

    def __init__(
        self, scaling: Scaling, known: np.ndarray, labels: np.ndarray, shape: Mapping[str, Any]
    ) -> None:
        """`shape` has `classes`, `count` and `weights`."""
        self.scaling, self.known, self.labels = scaling, known, labels
        self.shape = dict(shape)

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Shares of the nearest; a class that none of them has is left a little."""
        asked = resampled(self.scaling(values), self.known.shape[2])
        blocks = [asked[at : at + BLOCK] for at in range(0, len(asked), BLOCK)]
        return np.concatenate([self._shares(block) for block in blocks])

    def save(self, folder: Path) -> None:
        shape: dict[str, Any] = self.shape
        np.savez(
            folder / FILE, kind=self.scaling.kind, mean=self.scaling.mean,
            deviation=self.scaling.deviation, known=self.known, labels=self.labels, **shape,
        )  # fmt: skip

    def _shares(self, asked: np.ndarray) -> np.ndarray:
        known = self.known.reshape(len(self.known), -1).astype(np.float64)
        flat = asked.reshape(len(asked), -1).astype(np.float64)
        squares = (flat**2).sum(1)[:, None] - 2 * flat @ known.T + (known**2).sum(1)
        distances = np.sqrt(np.maximum(squares, 0.0))
        count, classes = min(self.shape["count"], len(known)), self.shape["classes"]
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :count]
        votes = np.ones(nearest.shape)
        if self.shape["weights"] == "distance":
            near = np.take_along_axis(distances, nearest, axis=1)
            votes = near[:, :1].clip(1e-9) / near.clip(1e-9)  # 1 for the nearest
        shares = np.zeros((len(asked), classes))
        np.add.at(shares, (np.arange(len(asked))[:, None], self.labels[nearest]), votes)
        summed: np.ndarray = (shares + 1 / classes) / (shares.sum(1, keepdims=True) + 1)
        return summed


def resampled(values: np.ndarray, length: int) -> np.ndarray:
    """(n, channels, length), without NaN."""
    ends = lengths_of(values)
    if values.shape[2] == length and (ends == length).all():
        return values
    made = np.empty((*values.shape[:2], length), np.float32)
    for place, (one, end) in enumerate(zip(values, ends, strict=True)):
        at = np.linspace(0, max(end - 1, 0), length)
        for channel, points in enumerate(one):
            made[place, channel] = np.interp(at, np.arange(max(end, 1)), points[: max(end, 1)])
    return np.nan_to_num(made, nan=0.0)


def fit(
    config: Mapping[str, Any], values: np.ndarray, labels: np.ndarray, settings: FitSettings
) -> Neighbours:
    scaling = Scaling.fit(config["neighbours_scaling"], values)
    known = resampled(scaling(values), int(lengths_of(values).max()))
    shape = {"classes": settings.classes, "count": config["neighbours_count"],
             "weights": config["neighbours_weights"]}  # fmt: skip
    return Neighbours(scaling, known, labels, shape)


def load(folder: Path, threads: int) -> Neighbours:
    with np.load(folder / FILE, allow_pickle=False) as stored:
        told = {name: stored[name] for name in stored.files}
    scaling = Scaling(told["kind"].item(), told["mean"], told["deviation"])
    shape = {name: told[name].item() for name in ("classes", "count", "weights")}
    return Neighbours(scaling, told["known"], told["labels"], shape)
