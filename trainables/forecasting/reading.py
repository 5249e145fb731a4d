"""Series out of a long table: one row a series and time.

What can be mended is mended and said in a remark; what would need a guess is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces.core import UserError, near_miss
from automl_on_ray.trainables.forecasting import cells
from automl_on_ray.trainables.forecasting.frequency import (
    calendar_step,
    frequency_of,
    numbers_of,
    plain,
    times_after,
)
from automl_on_ray.trainables.forecasting.series import Series
from automl_on_ray.trainables.tables import conform
from automl_on_ray.trainables.tables.columns import column_of, foreign

SHOWN = 12  # columns that a message lists
MOST_GAPS = 0.5  # of all steps between the first and the last of a series
UNIX = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}  # nanoseconds
SINCE_1970 = 2**63 - 1  # the last nanosecond
JOINED = " / "  # between the names of a series in several columns


@dataclass(frozen=True)
class _Rows:
    """Of each row the code of its series in `ids`, its time, and numbers by column.

    `places` are steps since the first time of the series.
    """

    ids: tuple[str, ...]
    series: np.ndarray
    times: np.ndarray
    columns: Mapping[str, np.ndarray]
    places: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def only(self, rows: np.ndarray) -> "_Rows":
        """These rows, in this order."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        places = self.places[rows] if len(self.places) else self.places
        return _Rows(self.ids, self.series[rows], self.times[rows], columns, places)

    def at(self, row: int) -> str:
        """Which series and time."""
        time = self.times[row]
        said = pd.Timestamp(time) if self.times.dtype.kind == "M" else int(time)
        return f"{said} of the series {self.ids[self.series[row]]!r}"


def read_series(raw: pd.DataFrame, asked: Mapping[str, Any]) -> Series:
    """Of the columns that `asked` names, on every step from a series' first target to its last.

    UserError for what cannot be forecast.
    """
    _check_names(list(raw.columns), asked)
    remarks: list[str] = []
    times, written = _times(raw, asked.get("time"), remarks)
    names = (asked["target"], *asked["known"], *asked["past"])
    columns = {name: _numbers(raw[name], remarks) for name in names}
    codes, ids = _ids(raw, asked["series"], asked["target"])
    rows = _in_order(_Rows(ids, codes, times, columns), asked, remarks)
    frequency = _frequency(rows, asked.get("frequency"))
    if frequency is not None:
        rows = _placed(rows, frequency)
    rows = _with_target(rows, asked["target"], remarks)
    found = _on_every_step(rows, frequency, written, asked, remarks)
    return replace(
        found, decimal_comma=tuple(filter(lambda name: cells.has_decimal_comma(raw[name]), names))
    )


def _check_names(columns: Sequence[str], asked: Mapping[str, Any]) -> None:
    if not asked.get("target"):
        raise UserError("Name the target: the column that is to be forecast.")
    roles = [("target", asked["target"])] + ([("time", asked["time"])] if asked.get("time") else [])
    for word, key in (("series", "series"), ("known ahead", "known"), ("known past", "past")):
        roles += [(word, name) for name in asked[key]]
    for word, name in roles:
        if name not in columns:
            more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
            raise UserError(
                f"The table has no column {name!r} for {word}.{near_miss(name, columns)} "
                f"It has {', '.join(columns[:SHOWN])}{more}."
            )
        if [each for _, each in roles].count(name) > 1:
            raise UserError(f"Column {name!r} cannot be {word} and something else too.")


def _times(raw: pd.DataFrame, name: str | None, remarks: list[str]) -> tuple[np.ndarray, str]:
    """datetime64[ns] with NaT, or float64 with NaN of whole numbers; and how texts are read."""
    if name is None:
        return np.arange(len(raw)), ""
    if reason := foreign(raw[name]):
        raise UserError(f"The time {name!r} must hold dates or whole numbers: {reason}.")
    column = column_of(cells.local_days(raw[name]), ordered=True)
    odd = _no_time(raw[name]) if column.left_out or column.kind == conform.CATEGORY else ""
    if column.kind == conform.CATEGORY:  # of no dates, nor numbers, whatever its texts are
        odd = odd or str(column.values.categories[0])
    if odd:
        raise UserError(
            f"The time {name!r} must hold dates or whole numbers, but holds {odd!r}; write "
            "dates as 2020-01-31."
        )
    if column.left_out:
        raise UserError(f"The time {name!r} cannot order the rows: {column.left_out}.")
    if column.remark:
        remarks.append(f"Column {name!r}: {column.remark}.")
    values = column.values
    if column.kind == conform.NUMBER and (values[~np.isnan(values)] % 1).any():
        raise UserError(f"The time {name!r} must hold dates or whole numbers, but has fractions.")
    return np.asarray(values), column.written


def _no_time(raw: pd.Series) -> str:
    """The first text that is neither a date, with day or month first, nor a number."""
    if not (raw.dtype == object or isinstance(raw.dtype, pd.CategoricalDtype | pd.StringDtype)):
        return ""
    _, texts = conform.texts_of(raw)
    orders = (conform.DAY_FIRST, conform.MONTH_FIRST)
    dated = [~np.isnat(conform.dates_of_texts(texts, order)) for order in orders]
    odd = texts[~(dated[0] | dated[1]) & np.isnan(conform.numbers_of_texts(texts))]
    return str(odd[0]) if len(odd) else ""


def _numbers(raw: pd.Series, remarks: list[str]) -> np.ndarray:
    """float64 (n,), NaN where there is none; truth is 0 and 1."""
    name = f"Column {raw.name!r}"
    if reason := foreign(raw):
        raise UserError(f"{name} must hold numbers: {reason}.")
    if pd.api.types.is_datetime64_any_dtype(raw.dtype):
        raise UserError(f"{name} must hold numbers, but holds dates.")
    try:
        values = cells.numbers_in(raw, decimal_comma=cells.has_decimal_comma(raw))
    except ValueError as error:
        raise UserError(str(error)) from None
    return _finite(values, name, remarks)


def _finite(values: np.ndarray, name: str, remarks: list[str]) -> np.ndarray:
    infinite = np.isinf(values)
    if infinite.any():
        remarks.append(f"{name}: {infinite.sum()} infinite numbers are taken as missing.")
        values = np.where(infinite, np.nan, values)
    if np.isnan(values).all():
        raise UserError(f"{name} has no number in any row.")
    return values


def _ids(
    raw: pd.DataFrame, names: Sequence[str], target: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes (n,), -1 without a name; series are in the order of their names."""
    if not names:
        return np.zeros(len(raw), np.int64), (target,)
    codes, known = np.zeros(len(raw), np.int64), np.ones(len(raw), bool)
    for name in names:
        if reason := foreign(raw[name]):
            raise UserError(f"Column {name!r} cannot name a series: {reason}.")
        own, texts = conform.texts_of(raw[name])
        codes, known = codes * (len(texts) + 1) + own, known & (own >= 0)
    if not known.any():
        raise UserError(f"No row names its series in {', '.join(map(repr, names))}.")
    _, first, inverse = np.unique(codes[known], return_index=True, return_inverse=True)
    codes = np.full(len(raw), -1)
    codes[known] = inverse
    firsts = np.flatnonzero(known)[first]
    words = [conform.texts_of(raw[name].iloc[firsts]) for name in names]
    parts = [[texts[code] for code in own] for own, texts in words]
    ids = tuple(JOINED.join(each) for each in zip(*parts, strict=True))
    return codes, ids if len(set(ids)) == len(ids) else tuple(map(repr, zip(*parts, strict=True)))


def _in_order(rows: _Rows, asked: Mapping[str, Any], remarks: list[str]) -> _Rows:
    """Those that have a series and a time, by both. UserError for two of one series and time."""
    for there, what in ((rows.series >= 0, "series"), (~pd.isna(rows.times), "time")):
        if not there.all():
            remarks.append(f"{(~there).sum()} rows without a {what} are left out.")
    used = np.flatnonzero((rows.series >= 0) & ~pd.isna(rows.times))
    rows = rows.only(used[np.argsort(rows.series[used], kind="stable")])
    if rows.times.dtype.kind != "M":
        rows = replace(rows, times=rows.times.astype(np.int64))
    if (_steps(rows) < 0).any():
        remarks.append(f"The rows are not in order of {asked['time']!r}; they were put into it.")
        rows = rows.only(np.lexsort((rows.times, rows.series)))
    _check_once(rows, _steps(rows) == 0)
    return rows


def _check_once(rows: _Rows, again: np.ndarray) -> None:
    """`again` are which rows but the first are a repetition of the row before."""
    if again.any():
        more = f", and {again.sum() - 1} more such pairs" if again.sum() > 1 else ""
        raise UserError(
            f"There are two rows of {rows.at(int(again.argmax()) + 1)}{more}: leave one, add them "
            "up, or name the column in which they differ in series."
        )


def _steps(rows: _Rows) -> np.ndarray:
    """(n - 1,) int64 to the next row; 1 to another series."""
    steps = np.diff(rows.times).astype(np.int64)
    return np.where(np.diff(rows.series) == 0, steps, 1)


def _frequency(rows: _Rows, given: str | None) -> str | None:
    if not given:
        return frequency_of(rows.times, rows.series)
    try:
        found = plain(given)
    except ValueError:
        raise UserError(
            f"{given!r} is no frequency: give one of pandas, such as h, D, W, MS, QS or YS."
        ) from None
    dated = rows.times.dtype.kind == "M"
    if dated == found.isdigit():
        holds = "dates" if dated else "whole numbers"
        raise UserError(f"The frequency {given!r} is none of a time that holds {holds}.")
    return found


def _placed(rows: _Rows, frequency: str) -> _Rows:
    """With `places`. UserError for a time between two steps, and for a second frequency."""
    begins = np.flatnonzero(np.diff(rows.series, prepend=-1))
    counts = np.diff(begins, append=len(rows.series))
    found = numbers_of(rows.times, np.repeat(rows.times[begins], counts), frequency)
    odd = found % 1 != 0
    if odd.any():
        raise UserError(
            f"{rows.at(int(odd.argmax()))} is on no step of the frequency {frequency}, as are "
            f"{odd.sum() - 1} more rows: {_advice(rows.times, frequency)}"
        )
    rows = replace(rows, places=found.astype(np.int64))
    steps = np.where(np.diff(rows.series) == 0, np.diff(rows.places), 1)
    _check_once(rows, steps == 0)
    for begin, count in zip(begins[counts > 3], counts[counts > 3], strict=True):
        own = steps[begin : begin + count - 1]
        if own[0] > 1 and (own == own[0]).all():
            raise UserError(
                f"The series {rows.ids[rows.series[begin]]!r} has a row every {own[0]} steps of "
                f"the frequency {frequency} only: forecast series of two frequencies apart."
            )
    return rows


def _advice(times: np.ndarray, frequency: str) -> str:
    """What may be done where a time is on no step of the frequency."""
    otherwise = "round the times, or forecast series of two frequencies apart."
    if times.dtype.kind == "M":
        commonest = int(np.median(np.diff(np.unique(times)).astype(np.int64)))
        if found := calendar_step(commonest, times):
            return (
                f"if each month, quarter or year has one, give --frequency {found}; else give the "
                f"right frequency, {otherwise}"
            )
        return f"give the right frequency, {otherwise}"
    for unit, nanoseconds in UNIX.items():
        dates = times * nanoseconds if abs(int(times[0])) < SINCE_1970 / nanoseconds else None
        if dates is not None and calendar_step(
            int(frequency) * nanoseconds, dates.view("datetime64[ns]")
        ):
            return (
                "if they are seconds or the like since 1970, write them as dates, as months differ "
                f"in length: pandas.to_datetime(times, unit={unit!r})."
            )
    return f"give the right frequency, {otherwise}"


def _with_target(rows: _Rows, target: str, remarks: list[str]) -> _Rows:
    """From the first target of each series to its last; without series that have none."""
    known = ~np.isnan(rows.columns[target])
    count = len(rows.ids)
    places = rows.places if len(rows.places) else np.zeros(len(rows.series), np.int64)
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(first, rows.series[known], places[known])
    np.maximum.at(last, rows.series[known], places[known])
    late, early = places > last[rows.series], places < first[rows.series]
    there = last >= 0
    late &= there[rows.series]
    if late.any():
        remarks.append(
            f"{late.sum()} rows after the last {target!r} of their series are not learned from."
        )
    if not there.all():
        name = rows.ids[int((~there).argmax())]
        remarks.append(
            f"{(~there).sum()} series without any {target!r} are left out, {name!r} one."
        )
    rows = replace(rows, places=places).only(np.flatnonzero(~late & ~early & there[rows.series]))
    codes = np.cumsum(there) - 1
    ids = tuple(name for name, kept in zip(rows.ids, there, strict=True) if kept)
    return replace(rows, ids=ids, series=codes[rows.series])


def _on_every_step(
    rows: _Rows,
    frequency: str | None,
    written: str,
    asked: Mapping[str, Any],
    remarks: list[str],
) -> Series:
    """NaN where there is no row."""
    begins = np.flatnonzero(np.diff(rows.series, prepend=-1))
    ends = np.append(begins[1:], len(rows.series)) - 1
    firsts = rows.places[begins]
    lengths = rows.places[ends] - firsts + 1
    total, offsets = int(lengths.sum()), np.cumsum(lengths) - lengths
    if len(rows.series) < (1 - MOST_GAPS) * total:
        raise UserError(
            f"Of {total} steps of the frequency {frequency}, {total - len(rows.series)} have no "
            "row: give the right frequency, or add the rows, with 0 where that is meant."
        )
    where = offsets[rows.series] + rows.places - firsts[rows.series]

    def spread(name: str) -> np.ndarray:
        flat = np.full(total, np.nan)
        flat[where] = rows.columns[name]
        return flat

    def together(names: Sequence[str]) -> tuple[np.ndarray, ...]:
        flat = np.stack([spread(name) for name in names], 1) if names else np.empty((total, 0))
        return tuple(np.split(flat, offsets[1:]))

    values = spread(asked["target"])
    found = Series(
        ids=rows.ids, frequency=frequency, values=tuple(np.split(values, offsets[1:])),
        starts=rows.times[begins], known=together(asked["known"]), past=together(asked["past"]),
        known_names=tuple(asked["known"]), past_names=tuple(asked["past"]), time_format=written,
    )  # fmt: skip
    return replace(found, remarks=(*remarks, *_on_gaps(found, values, offsets)))


def _on_gaps(found: Series, values: np.ndarray, offsets: np.ndarray) -> list[str]:
    missing = np.isnan(values)
    if not missing.any():
        return []
    place = int(missing.argmax())
    series = int(np.searchsorted(offsets, place, side="right")) - 1
    step = np.array([place - offsets[series]])
    time = times_after(found.starts[series], found.frequency, step)[0]
    said = pd.Timestamp(time) if found.starts.dtype.kind == "M" else time
    return [
        f"{missing.sum()} of {len(values)} steps have no value, the first of them {said} of the "
        f"series {found.ids[series]!r}: models take the value before it, and it is not judged."
    ]
