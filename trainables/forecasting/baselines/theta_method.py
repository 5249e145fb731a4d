"""The Theta method: the mean of a line, and of a smoothed series of twice the curvature.

V. Assimakopoulos and K. Nikolopoulos, The theta model, International Journal of Forecasting (2000),
as it won M3: theta lines 0 and 2 of the series without its season, half of each; line 2 is
forecast by simple exponential smoothing.
"""

from dataclasses import replace

import numpy as np

from automl_on_ray.trainables.forecasting.baselines.block import Block
from automl_on_ray.trainables.forecasting.baselines.intervals import Errors
from automl_on_ray.trainables.forecasting.baselines.seasons import are_seasonal, seasons_of

COARSE = np.linspace(0.02, 0.98, 25)
FINE = np.linspace(-0.035, 0.035, 15)  # around the best of the coarse ones
FITTED = 3  # numbers of a series: smoothing, and the line's two


def forecast(block: Block) -> np.ndarray:
    """A seasonal series with values above 0 only is forecast without its season, by ratios."""
    season, width = _seasons(block), block.values.shape[1]
    plain = block.values / season[:, np.arange(width) % block.season]
    at_zero, slope = _lines(plain)
    lines = at_zero[:, None] + slope[:, None] * np.arange(width + block.horizon)
    curved = replace(block, values=2 * plain - lines[:, :width])
    smoothing = _best_smoothing(curved)
    errors, level = Errors(block, block.positive), curved.values[:, 0].copy()
    point = np.empty((len(level), block.horizon))
    for step in range(width):
        rows, ahead = block.there(step), np.arange(step + 1, step + 1 + block.horizon)
        level[rows] += smoothing[rows] * (curved.values[rows, step] - level[rows])
        said = (level[rows, None] + lines[rows][:, ahead]) / 2
        point[rows] = said * season[rows][:, ahead % block.season]
        errors.add(point[rows], block.ahead(step))
    return errors.quantiles(point, np.full(len(point), FITTED))


def _seasons(block: Block) -> np.ndarray:
    """(n, season): ratios, 1 where there is no season."""
    found = seasons_of(block.values, block.season, ratio=True)
    seasonal = are_seasonal(block.values, block.season) & block.positive
    return np.where(seasonal[:, None], found, 1.0)


def _lines(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the regression of each series on time, the value at 0 and the slope: (n,) each."""
    times = np.where(np.isnan(values), np.nan, np.arange(values.shape[1]))
    middle = np.nanmean(times, axis=1)
    apart = times - middle[:, None]
    squares = np.maximum(np.nansum(apart**2, axis=1), 1e-300)
    slope = np.nansum(apart * values, axis=1) / squares
    return np.nanmean(values, axis=1) - slope * middle, slope


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
