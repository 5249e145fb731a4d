"""Histories out of a long frame, one row a series and time, and forecasts into one.

A registered model brings this file along.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.trainables.forecasting.cells import local_days, numbers_in
from automl_on_ray.trainables.forecasting.frequency import numbers_of, times_after
from automl_on_ray.trainables.forecasting.history import History, carried_on
from automl_on_ray.trainables.forecasting.levels import LEVELS, MEDIAN
from automl_on_ray.trainables.tables import conform

FORECAST = "forecast"
NAMED_LEVELS = tuple(f"q{level}" for level in LEVELS)


@dataclass(frozen=True)
class Columns:
    """The columns of a long frame, and what its series have in common.

    `series` may be none: all rows are of one series then. `dated` times are dates or texts of them,
    with `time_format` where these can be read in two ways; others are whole numbers. Texts of the
    columns `decimal_comma` are such as 1.234,5. `horizon` and `season` are in steps of `frequency`.
    """

    time: str
    series: tuple[str, ...]
    target: str
    known: tuple[str, ...]
    past: tuple[str, ...]
    horizon: int
    season: int
    frequency: str | None
    dated: bool
    time_format: str = ""
    decimal_comma: tuple[str, ...] = ()

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Columns":
        lists = {key: tuple(told[key]) for key in ("series", "known", "past", "decimal_comma")}
        return cls(**{**told, **lists})

    @property
    def needed(self) -> tuple[str, ...]:
        return (*self.series, self.time, self.target, *self.known, *self.past)


@dataclass(frozen=True)
class Read:
    """A history, and what its series are called: `ids` has a row for each.

    `lasts` are the times of their last values.
    """

    history: History
    ids: pd.DataFrame
    lasts: np.ndarray


def read_history(frame: pd.DataFrame, columns: Columns) -> Read:
    """The series of a frame, each up to its last value of the target.

    Rows after that, or without a value in between, tell covariates alone. A gap is the last value
    before it, as it was in training. ValueError, one line, for a column that is missing, a time
    that is none, comes twice or is between two steps, a series without a value, and for covariates
    known ahead that end before the horizon does.
    """
    frame = _with_columns(frame, columns)
    times = _times(frame[columns.time], columns)
    codes, ids = _ids(frame, columns)
    order = np.lexsort([times, codes])
    numbers = {
        name: _numbers(frame[name], columns)[order]
        for name in (columns.target, *columns.known, *columns.past)
    }
    times, codes = times[order], codes[order]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    series = [
        _one(columns, _called(ids, at), times[rows], {k: v[rows] for k, v in numbers.items()})
        for at, rows in enumerate(
            slice(a, b) for a, b in zip(starts, [*starts[1:], len(codes)], strict=True)
        )
    ]
    values, known, past, lasts = zip(*series, strict=True)
    history = History(tuple(values), columns.season, columns.horizon, tuple(known), tuple(past))
    return Read(history, ids, np.array(lasts))


def written(read: Read, forecasts: np.ndarray, columns: Columns) -> pd.DataFrame:
    """One row a series and step ahead: series, time, FORECAST (the median), and NAMED_LEVELS."""
    steps = np.arange(1, columns.horizon + 1)
    times = [times_after(last, columns.frequency, steps) for last in read.lasts]
    made = read.ids.loc[read.ids.index.repeat(columns.horizon)].reset_index(drop=True)
    made[columns.time] = np.concatenate(times)
    flat = forecasts.reshape(-1, forecasts.shape[-1])
    made[FORECAST] = flat[:, MEDIAN]
    for place, name in enumerate(NAMED_LEVELS):
        made[name] = flat[:, place]
    return made


def _one(
    columns: Columns, name: str, times: np.ndarray, numbers: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any]:
    """Values, known and past covariates, and the last time of one series, whose rows these are."""
    there = np.flatnonzero(np.isfinite(numbers[columns.target]))
    if not len(there):
        raise ValueError(f"{name} has no value of {columns.target!r}.")
    first, last = there[0], there[-1]
    steps = _steps(times, first, columns, name)
    length = int(steps[last]) + 1

    def on_grid(column: str, end: int) -> np.ndarray:
        inside = (steps >= 0) & (steps < end)
        grid = np.full(end, np.nan)
        grid[steps[inside]] = numbers[column][inside]
        return grid

    values = carried_on(on_grid(columns.target, length))
    whole = length + columns.horizon
    known = [_known(on_grid(each, whole), each, length, name) for each in columns.known]
    past = [_filled(on_grid(each, length), each, name) for each in columns.past]
    empty = np.empty((length, 0))
    return (
        values,
        np.column_stack(known) if known else np.empty((whole, 0)),
        np.column_stack(past) if past else empty,
        times[last],
    )


def _steps(times: np.ndarray, first: int, columns: Columns, name: str) -> np.ndarray:
    """(n,) int: which step each time is, counted from the one at `first`."""
    twice = np.flatnonzero(times[1:] == times[:-1])
    if len(twice):
        raise ValueError(f"{name} has {_shown(times[twice[0]])} twice.")
    if columns.frequency is None:
        return np.arange(len(times)) - first
    found = numbers_of(times, np.full(len(times), times[first]), columns.frequency)
    steps = np.round(found)
    twice = np.flatnonzero(steps[1:] == steps[:-1])
    if len(twice):
        one, other = (_shown(times[row]) for row in (twice[0], twice[0] + 1))
        raise ValueError(f"{name} has {one} and {other} in one step of {columns.frequency!r}.")
    odd = np.flatnonzero(~(np.abs(found - steps) < 1e-9))
    if len(odd):
        raise ValueError(
            f"{name} has {_shown(times[odd[0]])}, which is between two steps: the model was made "
            f"of series with the frequency {columns.frequency!r}."
        )
    return steps.astype(int)


def _known(grid: np.ndarray, column: str, length: int, name: str) -> np.ndarray:
    missing = np.flatnonzero(~np.isfinite(grid[length:]))
    if len(missing):
        raise ValueError(
            f"{name} lacks {column!r} at step {missing[0] + 1} of the {len(grid) - length} after "
            "its last value: the model forecasts with it, so it must be known ahead."
        )
    return _filled(grid, column, name)


def _filled(grid: np.ndarray, column: str, name: str) -> np.ndarray:
    """With the last number before it in place of each that is missing, or else the first."""
    made = carried_on(grid)
    there = made[np.isfinite(made)]
    if not len(there):
        raise ValueError(f"{name} has no number of {column!r}.")
    return np.where(np.isnan(made), there[0], made)


def _with_columns(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    absent = [name for name in columns.needed if name not in frame.columns]
    if absent:
        raise ValueError(
            f"The frame has no column {', '.join(map(repr, absent))}; it needs "
            f"{', '.join(columns.needed)}."
        )
    if frame.empty:
        raise ValueError("The frame has no rows.")
    for name in columns.needed:
        if frame[name].dtype == object and any(one.__hash__ is None for one in frame[name]):
            raise ValueError(f"Column {name!r} must hold single values, not lists or records.")
    return frame[list(columns.needed)].reset_index(drop=True)


def _times(column: pd.Series, columns: Columns) -> np.ndarray:
    """(n,) datetime64[ns] or int64."""
    if columns.dated:
        found = conform.dates(local_days(column), columns.time_format)
    else:
        found = conform.numbers(column)
        found = np.where(found % 1 == 0, found, np.nan)
    wrong = np.flatnonzero(pd.isna(found))
    if len(wrong):
        kind = "date" if columns.dated else "whole number"
        raise ValueError(f"The time {column.iloc[wrong[0]]!r} in row {wrong[0] + 1} is no {kind}.")
    return np.asarray(found.astype("datetime64[ns]" if columns.dated else "int64"))


def _ids(frame: pd.DataFrame, columns: Columns) -> tuple[np.ndarray, pd.DataFrame]:
    """(n,) codes of the rows' series, in order of appearance, and a row for each."""
    if not columns.series:
        return np.zeros(len(frame), int), pd.DataFrame(index=[0])
    names = list(columns.series)
    groups = frame.groupby(names, sort=False, dropna=False)
    ids = frame.loc[~frame.duplicated(names), names].reset_index(drop=True)
    return groups.ngroup().to_numpy(), ids


def _called(ids: pd.DataFrame, at: int) -> str:
    if not ids.shape[1]:
        return "The series"
    return f"The series {'/'.join(map(str, ids.iloc[at]))!r}"


def _numbers(column: pd.Series, columns: Columns) -> np.ndarray:
    """(n,) float64, NaN where there is none, or an infinite one. ValueError for words."""
    values = numbers_in(column, decimal_comma=column.name in columns.decimal_comma)
    return np.where(np.isfinite(values), values, np.nan)


def _shown(time: Any) -> str:
    return str(pd.Timestamp(time)) if isinstance(time, np.datetime64) else str(time)
