"""How far forecasts are off: what a model of the middle alone learns from forecasts held out.

Split-conformal prediction (Vovk, Gammerman, Shafer 2005), by step, in units of each series' noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl_on_ray.trainables.forecasting.levels import LEVELS, MEDIAN


@dataclass(frozen=True)
class Spread:
    """`widths` (horizon,) are mean absolute errors by step, `shape` (levels,) what they are times.

    `shape` is 0 at the median: an error that many series have at one time is no reason to move the
    point forecast. But the levels on either side are as they were found.
    """

    widths: np.ndarray
    shape: np.ndarray

    @classmethod
    def of(cls, errors: np.ndarray) -> "Spread":
        """Of errors (n, horizon) of forecasts that were not learned from, in units of the noise."""
        by_step = np.abs(errors).mean(axis=0)
        smooth = np.convolve(np.pad(by_step, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
        widths = np.maximum(smooth, 1e-12)
        shape = np.quantile(errors / widths, LEVELS)
        middle = np.arange(len(LEVELS)) - MEDIAN
        return cls(
            widths, np.where(middle < 0, np.minimum(shape, 0), np.maximum(shape, 0) * (middle > 0))
        )

    def as_json(self) -> dict[str, list[float]]:
        return {"widths": self.widths.tolist(), "shape": self.shape.tolist()}

    @classmethod
    def of_json(cls, told: Mapping[str, list[float]]) -> "Spread":
        return cls(np.array(told["widths"]), np.array(told["shape"]))

    def around(self, points: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """(n, horizon, levels) of point forecasts (n, horizon) and the series' noise (n, 1)."""
        off: np.ndarray = points[..., None] + (noise * self.widths)[..., None] * self.shape
        return off


def noise_of(seen: np.ndarray) -> np.ndarray:
    """(n, 1) of windows (n, lookback): how far a step goes, and a little of how far all of them.

    0 of a constant window.
    """
    steps = np.abs(np.diff(seen, axis=1)).mean(axis=1) if seen.shape[1] > 1 else np.zeros(len(seen))
    noise: np.ndarray = (steps + 0.1 * seen.std(axis=1))[:, None]
    return noise
