"""Series of unlike lengths in one array: NaN after the end of a shorter one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


def stack(series: Sequence[np.ndarray]) -> np.ndarray:
    """Each (channels, its length) -> (n, channels, longest) float32."""
    longest = max(one.shape[1] for one in series)
    stacked = np.full((len(series), series[0].shape[0], longest), np.nan, np.float32)
    for place, one in enumerate(series):
        stacked[place, :, : one.shape[1]] = one
    return stacked


def lengths_of(values: np.ndarray) -> np.ndarray:
    """(n,) int64: up to the last point that any channel has."""
    there = ~np.isnan(values).all(axis=1)
    last = values.shape[2] - there[:, ::-1].argmax(axis=1)
    return np.where(there.any(axis=1), last, 0).astype(np.int64)


def whole(one: np.ndarray) -> np.ndarray:
    """A series (channels, length) with missing points on the line between their neighbours.

    At the ends they are as the nearest one. A channel without any point is 0.
    """
    missing = np.isnan(one)
    if not missing.any():
        return one
    filled, places = one.copy(), np.arange(one.shape[1])
    for channel, gaps in zip(filled, missing, strict=True):
        known = ~gaps
        channel[gaps] = (
            np.interp(places[gaps], places[known], channel[known]) if known.any() else 0.0
        )
    return filled


@dataclass(frozen=True)
class Scaling:
    """Brings series to mean 0 and deviation 1: "each" alone, as a "whole", or not at all ("none").

    `mean` and `deviation` (channels,) are of the series that it was fitted to.
    """

    kind: str
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, kind: str, values: np.ndarray) -> "Scaling":
        mean = np.asarray(np.nanmean(values, axis=(0, 2), dtype=np.float64))
        return cls(kind, mean, _not_zero(np.nanstd(values, axis=(0, 2), dtype=np.float64)))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """float32; NaN stays."""
        if self.kind == "none":
            return np.asarray(values, np.float32)
        mean, deviation = self.mean[None, :, None], self.deviation[None, :, None]
        if self.kind == "each":
            mean = np.asarray(np.nanmean(values, axis=2, keepdims=True, dtype=np.float64))
            deviation = _not_zero(np.nanstd(values, axis=2, keepdims=True, dtype=np.float64))
        return ((values - mean) / deviation).astype(np.float32)


def _not_zero(deviation: Any) -> np.ndarray:
    """1 in the place of what a constant has."""
    return np.where(np.asarray(deviation) > 1e-8, deviation, 1.0)
