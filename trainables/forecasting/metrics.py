"""How good forecasts are.

A forecast is (n, horizon, len(LEVELS)); its median is the point forecast. A truth is (n, horizon),
with NaN where nothing is known; such steps are passed over.
"""

import numpy as np

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.levels import LEVELS, MEDIAN


def scores(forecast: np.ndarray, truth: np.ndarray, history: History) -> dict[str, float]:
    """`mase`, `smape`, `wql` and `coverage` over all series."""
    return {
        "mase": float(mase(forecast, truth, history).mean()),
        "smape": float(smape(forecast, truth).mean()),
        "wql": wql(forecast, truth),
        "coverage": coverage(forecast, truth),
    }


def mase(forecast: np.ndarray, truth: np.ndarray, history: History) -> np.ndarray:
    """(n,): the mean absolute scaled error of each series (Hyndman and Koehler 2006, eq. 5).

    The scale is `scales(history)`.
    """
    errors = np.nanmean(np.abs(forecast[:, :, MEDIAN] - truth), axis=1)
    return np.asarray(errors / scales(history))


def scales(history: History) -> np.ndarray:
    """(n,): the mean absolute error of the seasonal naive forecast within each history.

    A history no longer than a season is forecast by its last value. A series that repeats itself
    exactly is scaled by the median of the others; by 1 where all do.
    """
    found = np.array([_scale(values, history.season) for values in history.values])
    usable = found[found > 0]
    return np.where(found > 0, found, np.median(usable) if len(usable) else 1.0)


def _scale(values: np.ndarray, season: int) -> float:
    lag = season if len(values) > season else 1
    return float(np.abs(values[lag:] - values[:-lag]).mean()) if len(values) > 1 else 0.0


def smape(forecast: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n,): the symmetric mean absolute percentage error of each series, from 0 to 200.

    As in M3 (Makridakis and Hibon 2000): the mean of 200 |e| / (|truth| + |forecast|); a step at
    which both are 0 has no error.
    """
    point = forecast[:, :, MEDIAN]
    size = np.abs(truth) + np.abs(point)
    share = np.divide(np.abs(truth - point), size, out=np.zeros_like(size), where=size != 0)
    return np.asarray(200 * np.nanmean(share, axis=1))


def wql(forecast: np.ndarray, truth: np.ndarray) -> float:
    """The weighted quantile loss: twice the pinball losses by the sum of |truth|, mean of levels.

    Half of it, at one level, is the loss of Koenker and Bassett (1978). Where all truth is 0, it is
    divided by 1.
    """
    known = ~np.isnan(truth)
    error = truth[known][:, None] - forecast[known]
    levels = np.array(LEVELS)
    losses = 2 * np.maximum(levels * error, (levels - 1) * error).sum(axis=0)
    return float(losses.mean() / (np.abs(truth[known]).sum() or 1.0))


def coverage(forecast: np.ndarray, truth: np.ndarray) -> float:
    """The share of the truth between the lowest and the highest level; 0.8 is right."""
    known = ~np.isnan(truth)
    inside = (forecast[..., 0] <= truth) & (truth <= forecast[..., -1])
    return float(inside[known].mean())
