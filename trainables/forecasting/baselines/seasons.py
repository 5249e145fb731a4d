"""The season of many series: whether they have one, and what it is, by classical decomposition."""

import numpy as np

CONFIDENCE = 1.645  # of the normal distribution: 90 % on both sides


def are_seasonal(values: np.ndarray, season: int) -> np.ndarray:
    """(n,): which of the series (n, T), NaN behind their ends, are correlated a season apart.

    As in M3 and M4: the autocorrelation of that lag is beyond its 90 % limit, by Bartlett's
    formula; and there are three seasons at least.
    """
    lengths = (~np.isnan(values)).sum(axis=1)
    if season == 1 or values.shape[1] < 3 * season:
        return np.zeros(len(values), bool)
    centred = np.nan_to_num(values - np.nanmean(values, axis=1, keepdims=True))
    total = np.maximum((centred**2).sum(axis=1), 1e-300)
    lags = [(centred[:, lag:] * centred[:, :-lag]).sum(axis=1) / total
            for lag in range(1, season + 1)]  # fmt: skip
    limit = CONFIDENCE * np.sqrt((1 + 2 * sum(lag**2 for lag in lags[:-1])) / lengths)
    return np.asarray((np.abs(lags[-1]) > limit) & (lengths >= 3 * season))


def seasons_of(values: np.ndarray, season: int, *, ratio: bool) -> np.ndarray:
    """(n, season): mean ratios to a centred moving average, or differences; in mean 1, or 0.

    Place 0 is that of the first column. A series needs two seasons; less has none.
    """
    none = np.full((len(values), season), 1.0 if ratio else 0.0)
    if season == 1 or values.shape[1] < 2 * season:
        return none
    trend = _moving_average(values, season)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = values / trend if ratio else values - trend
    apart[~np.isfinite(apart)] = np.nan
    pad = -apart.shape[1] % season
    cycles = np.pad(apart, ((0, 0), (0, pad)), constant_values=np.nan)
    cycles = cycles.reshape(len(values), -1, season)
    counts = (~np.isnan(cycles)).sum(axis=1)
    means = np.nansum(cycles, axis=1) / np.maximum(counts, 1)
    middle = means.mean(axis=1, keepdims=True)
    whole = (counts > 0).all(axis=1) & ((middle[:, 0] > 0) | (not ratio))
    found = means / np.where(whole[:, None], middle, 1) if ratio else means - middle
    usable = whole & ((found > 0).all(axis=1) | (not ratio))
    return np.where(usable[:, None], found, none)


def _moving_average(values: np.ndarray, season: int) -> np.ndarray:
    """Over a season around each value, whose ends count half where it is even; NaN elsewhere."""
    half = season // 2
    weights = np.ones(2 * half + 1)
    if season % 2 == 0:
        weights[[0, -1]] = 0.5
    trend = np.full_like(values, np.nan)
    width = values.shape[1] - 2 * half
    total = np.zeros((len(values), width))
    for place, weight in enumerate(weights):
        total += weight * values[:, place : place + width]
    trend[:, half : half + width] = total / season
    return trend
