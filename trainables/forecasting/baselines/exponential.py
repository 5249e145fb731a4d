"""Exponential smoothing in state space form: of each series the form that AICc prefers.

R. Hyndman, A. Koehler, R. Snyder and S. Grose, A state space framework for automatic forecasting
using exponential smoothing methods, International Journal of Forecasting (2002). Its forms here are
those of R's `ets` by default: trend none, additive or damped; season none, additive, or multiplied
where the error is; error additive, or multiplied where all values are positive. The first state is
begun as in its section 4. Smoothing and the first state are sought at random around what was best,
all series at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from automl_on_ray.trainables.forecasting.baselines.block import Block
from automl_on_ray.trainables.forecasting.baselines.intervals import Errors
from automl_on_ray.trainables.forecasting.baselines.seasons import seasons_of

TRENDS, SEASONS = ("none", "additive", "damped"), ("none", "additive", "multiplied")
ADDED, MULTIPLIED = 0, 1  # errors
TRIES, ROUNDS = 24, 5  # of smoothing, and around the best of them
# Of alpha, beta / alpha, gamma / (1 - alpha) and phi; how far the first level, and the trend over
# the first values, are from what a line through these says, by the deviation of these from it; and
# the part of the whole series, in place of its first seasons, in the seasons that it begins with.
LOWEST = np.array([0.0001, 0.0001, 0.0001, 0.8, -2, -2, 0])
HIGHEST = np.array([0.9999, 0.9999, 0.9999, 0.98, 2, 2, 1])
SOUGHT = len(LOWEST)
BEGUN = 3  # seasons
FIRST = 10  # values that begin level and trend
TINY = 1e-12


@dataclass(frozen=True)
class Form:
    trend: str
    season: str

    def numbers(self, season: int) -> int:
        """How many are fitted to a series: smoothing, first states and the error's variance."""
        of_trend = {"none": 0, "additive": 2, "damped": 3}[self.trend]
        return 3 + of_trend + (0 if self.season == "none" else season)


@dataclass
class States:
    """Level and trend (n, k), and the seasons (season, n, k), of n series and k smoothings."""

    level: np.ndarray
    trend: np.ndarray
    season: np.ndarray


def forecast(block: Block) -> np.ndarray:
    best = np.full(len(block.values), np.inf)
    made = np.repeat(block.values[:, :1], block.horizon, axis=1)[..., None] * np.ones(9)
    for form in _forms(block):
        criterion, smoothing = _fit(form, block)
        better = criterion < best
        if better.any():
            rows = np.flatnonzero(better)
            part = replace(block, values=block.values[rows])
            made[rows] = _forecasts(form, part, smoothing[rows])
            best[rows] = criterion[rows]
    return made


def _forms(block: Block) -> Iterator[Form]:
    for season in SEASONS if block.season > 1 else SEASONS[:1]:
        for trend in TRENDS:
            yield Form(trend, season)


def _fit(form: Form, block: Block) -> tuple[np.ndarray, np.ndarray]:
    """AICc of the better error (n,), infinite where there is none; its smoothing (n, SOUGHT)."""
    count, draw = len(block.values), np.random.default_rng(0)
    center = np.broadcast_to((LOWEST + HIGHEST) / 2, (2, count, SOUGHT))
    least, width = np.full((2, count), np.inf), 1.0
    for _ in range(ROUNDS):
        around = draw.uniform(-width / 2, width / 2, (TRIES, SOUGHT)) * (HIGHEST - LOWEST)
        tried = np.clip(center[:, :, None] + around, LOWEST, HIGHEST)  # (2, n, tries, SOUGHT)
        tried[:, :, 0] = center
        found = _criteria(form, block, np.concatenate(tried, axis=1))
        for error in (ADDED, MULTIPLIED):
            own = found[error][:, error * TRIES : (error + 1) * TRIES]
            place = own.argmin(axis=1)
            least[error] = own[np.arange(count), place]
            tried[error, :, 0] = tried[error, np.arange(count), place]
        center, width = tried[:, :, 0].copy(), width / 2
    error = least.argmin(axis=0)
    return least.min(axis=0), center[error, np.arange(count)]


def _criteria(form: Form, block: Block, smoothing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AICc (n, k) by the additive and by the multiplied error; infinite where they cannot be."""
    states = _begin(form, block, smoothing)
    squares, shares, logs = (np.zeros(smoothing.shape[:2]) for _ in range(3))
    weights = _weights(smoothing)
    for step in range(block.values.shape[1]):
        rows = block.there(step)
        said, error = _advance(form, states, weights, step, rows, block)
        size = np.maximum(np.abs(said), TINY)
        squares[rows] += error**2
        shares[rows] += np.where(said > 0, (error / size) ** 2, np.inf)
        logs[rows] += np.log(size)
    lengths, numbers = block.lengths[:, None], form.numbers(block.season)
    left = lengths - numbers - 1
    penalty = np.where(left > 0, 2 * numbers * lengths / np.maximum(left, 1), np.inf)
    usable = (form.season == "none") | (block.lengths >= 2 * block.season)
    with np.errstate(invalid="ignore"):
        added = lengths * np.log(squares + TINY) + penalty
        multiplied = lengths * np.log(shares + TINY) + 2 * logs + penalty
    added[~usable | (form.season == "multiplied")] = np.inf
    multiplied[~(usable & block.positive)] = np.inf
    return np.nan_to_num(added, nan=np.inf, posinf=np.inf), np.nan_to_num(
        multiplied, nan=np.inf, posinf=np.inf
    )


def _weights(smoothing: np.ndarray) -> np.ndarray:
    """(4, n, k): alpha, beta, gamma and phi, from what is sought freely."""
    alpha, beta, gamma, phi = np.moveaxis(smoothing[..., :4], -1, 0)
    return np.ascontiguousarray([alpha, alpha * beta, (1 - alpha) * gamma, phi])


def _advance(
    form: Form, states: States, weights: np.ndarray, step: int, rows: slice, block: Block
) -> tuple[np.ndarray, np.ndarray]:
    """What was said of these rows' value at this step, and the error; the states learn of it."""
    alpha, beta, gamma, phi = weights[:, rows]
    base = states.level[rows]
    if form.trend != "none":
        grown = phi * states.trend[rows] if form.trend == "damped" else states.trend[rows]
        base = base + grown
    value, place = block.values[rows, step, None], step % block.season
    if form.season == "multiplied":
        season = states.season[place, rows]
        said = base * season
        error = value - said
        change = error / np.where(np.abs(season) < TINY, TINY, season)
        states.season[place, rows] += gamma * error / np.where(np.abs(base) < TINY, TINY, base)
    else:
        said = base + states.season[place, rows] if form.season == "additive" else base
        change = error = value - said
        if form.season == "additive":
            states.season[place, rows] += gamma * error
    states.level[rows] = base + alpha * change
    if form.trend != "none":
        states.trend[rows] = grown + beta * change
    return said, error


def _begin(form: Form, block: Block, smoothing: np.ndarray) -> States:
    """The first states; `smoothing` (n, k, SOUGHT) moves them."""
    ratio = form.season == "multiplied"
    early, overall = _seasons(form, block, BEGUN * block.season), _seasons(form, block, None)
    season = early + 0.5 * (overall - early)
    first = block.values[:, : max(FIRST, block.season)]
    place = np.arange(first.shape[1]) % block.season
    plain = first / season[:, place] if ratio else first - season[:, place]
    times = np.where(np.isnan(plain), np.nan, np.arange(1.0, 1 + plain.shape[1]))
    middle, mean = np.nanmean(times, axis=1), np.nanmean(plain, axis=1)
    apart = times - middle[:, None]
    slope = np.nansum(apart * plain, axis=1) / np.maximum(np.nansum(apart**2, axis=1), TINY)
    level = mean if form.trend == "none" else mean - slope * middle
    left = plain - mean[:, None] - slope[:, None] * apart
    scale = np.sqrt(np.nanmean(left**2, axis=1))[:, None]
    return States(
        level[:, None] + scale * smoothing[..., 4],
        slope[:, None] + scale / FIRST * smoothing[..., 5],
        early.T[..., None] + (overall - early).T[..., None] * smoothing[..., 6],
    )


def _seasons(form: Form, block: Block, steps: int | None) -> np.ndarray:
    """(n, season): of the first `steps`, or of all."""
    if form.season == "none":
        return np.zeros((len(block.values), block.season))
    ratio = form.season == "multiplied"
    return seasons_of(block.values[:, :steps], block.season, ratio=ratio)


def _forecasts(form: Form, block: Block, smoothing: np.ndarray) -> np.ndarray:
    """(n, horizon, levels) by the best smoothing (n, SOUGHT)."""
    smoothing = smoothing[:, None]
    states, weights = _begin(form, block, smoothing), _weights(smoothing)
    errors = Errors(block, block.positive)
    point = np.empty((len(block.values), block.horizon))
    for step in range(block.values.shape[1]):
        rows = block.there(step)
        _advance(form, states, weights, step, rows, block)
        point[rows] = _ahead(form, states, weights, step, rows, block)
        errors.add(point[rows], block.ahead(step))
    return errors.quantiles(point, np.full(len(point), form.numbers(1)))


def _ahead(
    form: Form, states: States, weights: np.ndarray, step: int, rows: slice, block: Block
) -> np.ndarray:
    """(rows, horizon): what is said after this step."""
    steps = 1 + np.arange(block.horizon)
    base = np.repeat(states.level[rows], block.horizon, axis=1)
    if form.trend == "additive":
        base = base + states.trend[rows] * steps
    elif form.trend == "damped":
        base = base + states.trend[rows] * np.cumsum(weights[3, rows] ** steps, axis=1)
    season = states.season[(step + steps) % block.season, rows, 0].T
    return base * season if form.season == "multiplied" else base + season
