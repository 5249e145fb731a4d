"""The Theta method: half the trend of a line, and exponential smoothing of what is left.

V. Assimakopoulos and K. Nikolopoulos, The theta model, International Journal of Forecasting (2000);
as R. Hyndman and B. Billah write it, Unmasking the Theta method, ibid. (2003), eq. 6: simple
exponential smoothing with half the slope of the regression on time as its drift.
"""

from dataclasses import replace

import numpy as np

from automl_on_ray.trainables.forecasting.baselines.block import Block
from automl_on_ray.trainables.forecasting.baselines.intervals import Errors
from automl_on_ray.trainables.forecasting.baselines.seasons import are_seasonal, seasons_of

COARSE = np.linspace(0.02, 0.98, 25)
FINE = np.linspace(-0.035, 0.035, 15)  # around the best of the coarse ones
FITTED = 3  # numbers of a series: smoothing, first level, drift


def forecast(block: Block) -> np.ndarray:
    """Seasonal series are forecast without their season, by ratios where all values are positive."""
    season = _seasons(block)
    width = block.values.shape[1]
    plain = replace(block, values=block.values / season[:, np.arange(width) % block.season])
    drift = _slopes(plain) / 2
    smoothing = _best_smoothing(plain)
    errors, level = Errors(block.positive, block.horizon), plain.values[:, 0].copy()
    point = np.empty((len(level), block.horizon))
    for step in range(width):
        rows = plain.there(step)
        level[rows] += smoothing[rows] * (plain.values[rows, step] - level[rows])
        said = _ahead(level[rows], drift[rows], smoothing[rows], step + 1, block.horizon)
        places = (step + 1 + np.arange(block.horizon)) % block.season
        point[rows] = said * season[rows][:, places]
        errors.add(point[rows], block.ahead(step))
    return errors.quantiles(point, np.full(len(point), FITTED))


def _seasons(block: Block) -> np.ndarray:
    """(n, season): ratios, 1 where there is no season."""
    found = seasons_of(block.values, block.season, ratio=True)
    seasonal = are_seasonal(block.values, block.season) & block.positive
    return np.where(seasonal[:, None], found, 1.0)


def _ahead(
    level: np.ndarray, drift: np.ndarray, smoothing: np.ndarray, count: int, horizon: int
) -> np.ndarray:
    """(n, horizon): after `count` values."""
    begun = (1 - (1 - smoothing) ** count) / smoothing
    return np.asarray(level[:, None] + drift[:, None] * (np.arange(horizon) + begun[:, None]))


def _slopes(block: Block) -> np.ndarray:
    """(n,): of the regression of each series on time."""
    times = np.where(np.isnan(block.values), np.nan, np.arange(block.values.shape[1]))
    times -= np.nanmean(times, axis=1, keepdims=True)
    squares = np.nansum(times**2, axis=1)
    return np.asarray(np.nansum(times * block.values, axis=1) / np.maximum(squares, 1e-300))


def _best_smoothing(block: Block) -> np.ndarray:
    """(n,): by the squared errors of one step ahead."""
    tried = np.broadcast_to(COARSE, (len(block.values), len(COARSE)))
    for around in (FINE, FINE / 10):
        best = _least(block, tried)
        tried = np.clip(best[:, None] + around, 0.01, 0.99)
    return _least(block, tried)


def _least(block: Block, smoothing: np.ndarray) -> np.ndarray:
    """(n,): the best of those in `smoothing` (n, tried)."""
    level = np.repeat(block.values[:, :1], smoothing.shape[1], axis=1)
    squares = np.zeros_like(level)
    for step in range(1, block.values.shape[1]):
        rows = block.there(step)
        error = block.values[rows, step, None] - level[rows]
        squares[rows] += error**2
        level[rows] += smoothing[rows] * error
    return np.asarray(smoothing[np.arange(len(level)), squares.argmin(axis=1)])
