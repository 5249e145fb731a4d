"""Takes the season out of series, and puts it back into their forecasts.

Classical decomposition: each series is compared with its moving average of one season's length, as
Makridakis and Hibon did for the M3 competition (2000).
"""

from collections.abc import Sequence

import numpy as np

SURE = 1.645  # deviations of the autocorrelation from 0: 90 %, two-sided
FEWEST_SEASONS = 2  # and a step


class Seasons:
    """Of each series its indices, by the position in the season of its first value.

    They are factors where all values are above 0, and summands elsewhere. Where the season is not
    sure, they change nothing.
    """

    def __init__(self, values: Sequence[np.ndarray], season: int) -> None:
        self._season = season
        self._lengths = np.array([len(one) for one in values])
        found = [_indices(one, season) for one in values]
        self._factors = np.array([factors for factors, _ in found])  # (series, season)
        self._summands = np.array([summands for _, summands in found])

    def removed(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        places = [np.arange(len(one)) % self._season for one in values]
        return [
            (one - summands[at]) / factors[at]
            for one, at, factors, summands in zip(
                values, places, self._factors, self._summands, strict=True
            )
        ]

    def restored(self, forecasts: np.ndarray) -> np.ndarray:
        """Of (series, horizon, levels), which follow the last value of each series."""
        steps = self._lengths[:, None] + np.arange(forecasts.shape[1])[None, :]
        at = steps % self._season
        factors = np.take_along_axis(self._factors, at, axis=1)
        summands = np.take_along_axis(self._summands, at, axis=1)
        back: np.ndarray = forecasts * factors[..., None] + summands[..., None]
        return back


def _indices(values: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Factors and summands (season,)."""
    ones, zeros = np.ones(season), np.zeros(season)
    if season < 2 or len(values) <= FEWEST_SEASONS * season or not _is_seasonal(values, season):
        return ones, zeros
    trend = _moving_average(values, season)
    start = season // 2
    within = values[start : start + len(trend)]
    positive = values.min() > 0
    against = within / trend if positive else within - trend
    at = (start + np.arange(len(trend))) % season
    sums, counts = np.bincount(at, against, season), np.bincount(at, minlength=season)
    means = sums / counts
    if not positive:
        return ones, means - means.mean()
    return np.maximum(means / means.mean(), 1e-3), zeros


def _moving_average(values: np.ndarray, season: int) -> np.ndarray:
    """Over one season around each step; of an even season the first and last weigh half."""
    weights = np.ones(season) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
    return np.convolve(values, weights / season, mode="valid")


def _is_seasonal(values: np.ndarray, season: int) -> bool:
    """Whether the autocorrelation at the season is above what chance gives."""
    centred = values - values.mean()
    power = float(centred @ centred)
    if power <= 0:
        return False
    lags = [float(centred[lag:] @ centred[:-lag]) / power for lag in range(1, season + 1)]
    limit = SURE * np.sqrt((1 + 2 * sum(r * r for r in lags[:-1])) / len(values))
    return bool(lags[-1] > limit)
