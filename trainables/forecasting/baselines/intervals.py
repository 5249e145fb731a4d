"""How far a forecast of one series may be off: from its own errors at each step ahead."""

import numpy as np
from scipy.special import ndtri

from automl_on_ray.trainables.forecasting.levels import LEVELS

FEW = 5  # errors of a step ahead; with fewer, those of a smaller step say how large they are


class Errors:
    """The squares of n series' errors in the past, at each of `horizon` steps ahead.

    Of a series that is `relative` (n,), they are shares of what was forecast.
    """

    def __init__(self, relative: np.ndarray, horizon: int) -> None:
        self.relative = relative
        self.squares = np.zeros((len(relative), horizon))
        self.counts = np.zeros((len(relative), horizon), int)

    def add(self, forecast: np.ndarray, truth: np.ndarray) -> None:
        """(k, horizon) each, of the first k series; NaN where there is no truth."""
        rows = slice(0, len(forecast))
        sizes = np.where(self.relative[rows, None], np.abs(forecast), 1.0)
        shares = (truth - forecast) / np.maximum(sizes, 1e-12)
        self.squares[rows] += np.nan_to_num(shares) ** 2
        self.counts[rows] += ~np.isnan(shares)

    def quantiles(self, point: np.ndarray, fitted: np.ndarray) -> np.ndarray:
        """(n, horizon, len(LEVELS)) around the `point` forecasts (n, horizon).

        Errors are taken as normal, and as no smaller than those of fewer steps ahead. Of each
        series so many numbers were `fitted` (n,) to it, which makes its past errors smaller.
        """
        left = self.counts - fitted[:, None]
        known = left >= FEW
        known[:, 0] = True
        spread = np.where(known, np.sqrt(self.squares / np.maximum(left, 1)), 0)
        steps = 1 + np.arange(point.shape[1])
        last = np.maximum.accumulate(np.where(known, steps, 1), axis=1)
        spread = np.take_along_axis(spread, last - 1, axis=1) * np.sqrt(steps / last)
        spread = np.maximum.accumulate(spread, axis=1)
        sizes = np.where(self.relative[:, None], np.abs(point), 1.0)
        return np.asarray(point[..., None] + (spread * sizes)[..., None] * ndtri(LEVELS))
