"""Takes the season out of series, and puts it back into their forecasts.

It is found by classical decomposition.
"""

from collections.abc import Sequence

import numpy as np

from automl_on_ray.trainables.forecasting.baselines import are_seasonal, seasons_of


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
    if season < 2 or not are_seasonal(values[None], season)[0]:
        return ones, zeros
    ratio = bool(values.min() > 0)
    found = seasons_of(values[None], season, ratio=ratio)[0]
    return (found, zeros) if ratio else (ones, found)
