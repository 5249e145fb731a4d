"""How far a forecast of one series may be off: from its own errors at each step ahead."""

import numpy as np
from scipy.special import ndtri

from automl_on_ray.trainables.forecasting.baselines.block import Block
from automl_on_ray.trainables.forecasting.levels import LEVELS

SMALL = 0.1  # of a series' mean size: what errors are shares of is not taken as smaller
FEW = 5  # errors of a step ahead; with fewer, those of a smaller step say how large they are


class Errors:
    """The squares of a block's errors in the past, at each of its `horizon` steps ahead.

    Of a series that is `relative` (n,), they are shares of what was forecast.
    """

    def __init__(self, block: Block, relative: np.ndarray) -> None:
        self.relative = relative
        self.smallest = SMALL * np.nanmean(np.abs(block.values), axis=1, keepdims=True) + 1e-12
        self.squares = np.zeros((len(relative), block.horizon))
        self.counts = np.zeros((len(relative), block.horizon), int)

    def add(self, forecast: np.ndarray, truth: np.ndarray) -> None:
        """(k, horizon) each, of the first k series; NaN where there is no truth."""
        rows = slice(0, len(forecast))
        shares = (truth - forecast) / self._sizes(forecast)
        self.squares[rows] += np.nan_to_num(shares) ** 2
        self.counts[rows] += ~np.isnan(shares)

    def _sizes(self, forecast: np.ndarray) -> np.ndarray:
        rows = slice(0, len(forecast))
        sizes = np.maximum(np.abs(forecast), self.smallest[rows])
        return np.where(self.relative[rows, None], sizes, 1.0)

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
        wide = (spread * self._sizes(point))[..., None] * ndtri(LEVELS)
        return np.asarray(point[..., None] + wide)
