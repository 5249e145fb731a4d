"""Series out of tables and arrays of one's own.

Long tables have a row a point in time, wide ones a row a series.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes.ts_files import Labelled
from automl_on_ray.trainables.tables.columns import foreign, read, said_of, usual_columns

SHOWN = 3  # names in a message
BYTES = "it holds bytes"  # as `foreign` says it
Source: TypeAlias = Path | pd.DataFrame


def read_table(source: Source, asked: Mapping[str, Any]) -> Labelled:
    """Long where a column of series is `asked` for, or is called as is usual; wide otherwise."""
    frame = _frame(source)
    found = _by_name(frame, asked)
    series = asked["series"] or found.get("series")
    if series is None:
        return read_wide(source, label=asked["label"])
    time = asked["time"] or found.get("time")
    read = read_long(source, series=series, label=asked["label"], time=time)
    return replace(read, remarks=tuple(said_of(found)))


def _by_name(frame: pd.DataFrame, asked: Mapping[str, Any]) -> dict[str, str]:
    """In a wide table a row's name does not come again."""
    columns, found = list(frame.columns), {}
    if not asked["series"]:
        found = usual_columns(columns, asked, {}, ["series"])
        if not found or not frame.duplicated(list(found.values())).any():
            return {}
    return {**found, **usual_columns(columns, asked, {}, ["time"])}


def read_long(path: Source, *, series: str, label: str, time: str | None) -> Labelled:
    """Rows with one value of the column `series` are a series, in the order of `time` or the file.

    All other columns are its channels. UserError for a series with two labels or one time twice,
    and for a column that holds no numbers.
    """
    frame = _frame(path)
    _check_columns(frame, {"--series": series, "--label": label, "--time": time}, path)
    frame = frame[frame[series].notna()]
    if time is not None:
        frame = _in_order(frame, series, time)
    values = _numbers(frame.drop(columns=[each for each in (series, label, time) if each]), path)
    series_of, labels = [], []
    grouped = frame.groupby(series, sort=False)
    for name, places in grouped.indices.items():
        found = list(dict.fromkeys(_word(one) for one in frame[label].iloc[places].dropna()))
        if len(found) > 1:
            raise UserError(f"Series {_word(name)} has two labels: {found[0]} and {found[1]}.")
        series_of.append(values[np.sort(places)].T)
        labels.append(found[0] if len(found) else "")
    return Labelled(tuple(series_of), tuple(labels))


def read_wide(path: Source, *, label: str) -> Labelled:
    """A row a series of one channel: all columns but `label` are its points, in their order.

    Empty ones at the end of a row are after the series' end.
    """
    frame = _frame(path)
    _check_columns(frame, {"--label": label}, path)
    values = _numbers(frame.drop(columns=[label]), path)
    return Labelled(tuple(values[:, None, :]), words_of(frame[label]))


def read_npz(path: Path) -> tuple[Labelled, Labelled | None]:
    """Arrays x (n, channels, length) or (n, length), y (n,); or x_train, y_train, x_test, y_test.

    NaN at the end of a series is after its end.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception as error:  # a damaged file fails in any way it likes
        raise UserError(f"{path} cannot be read as arrays: {error}") from error
    for names in (("x_train", "y_train", "x_test", "y_test"), ("x", "y")):
        if set(names) <= arrays.keys():
            parts = [_of_arrays(arrays[x], arrays[y], path) for x, y in _pairs(names)]
            return parts[0], parts[1] if len(parts) > 1 else None
    raise UserError(
        f"{path} needs the arrays x and y, or x_train, y_train, x_test and y_test; it has "
        f"{', '.join(sorted(arrays)) or 'none'}."
    )


def _pairs(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return list(zip(names[::2], names[1::2], strict=True))


def _of_arrays(x: np.ndarray, y: np.ndarray, path: Path) -> Labelled:
    x = x[:, None, :] if x.ndim == 2 else x
    if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
        raise UserError(
            f"{path} needs x of the shape (n, channels, length) and y of (n,); they are {x.shape} "
            f"and {y.shape}."
        )
    if x.dtype.kind not in "fiub":
        raise UserError(f"{path} needs numbers as x, but they are of the type {x.dtype}.")
    return Labelled(tuple(x.astype(np.float64)), tuple(map(_word, y.tolist())))


def words_of(labels: pd.Series) -> tuple[str, ...]:
    """Of each row; "" where there is none."""
    return tuple(map(_word, labels))


def _word(one: Any) -> str:
    """A label's word; "" for a missing one. Readers of tables make floats of whole numbers."""
    if pd.isna(one):
        return ""
    if isinstance(one, bytes):
        return one.decode()
    return str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)


def _frame(source: Source) -> pd.DataFrame:
    frame = source if isinstance(source, pd.DataFrame) else read(source)[0]
    return frame.reset_index(drop=True)


def _called(source: Source) -> str:
    return source.name if isinstance(source, Path) else "the table"


def _check_columns(frame: pd.DataFrame, named: dict[str, str | None], path: Source) -> None:
    for option, name in named.items():
        if name is not None and name not in frame.columns:
            shown = ", ".join(map(str, frame.columns[:10]))
            raise UserError(f"{option} {name!r} is no column of {_called(path)}; it has {shown}.")
    given = [name for name in named.values() if name is not None]
    if len(set(given)) < len(given):
        raise UserError(f"{' and '.join(named)} must name columns that differ.")
    for option, name in named.items():
        reason = "" if name is None else foreign(frame[name])
        if reason and reason != BYTES:  # of which words are made
            raise UserError(f"{option} {name!r} must be a column of single values: {reason}.")


def _in_order(frame: pd.DataFrame, series: str, time: str) -> pd.DataFrame:
    times = frame[time]
    if times.dtype == object or isinstance(times.dtype, pd.StringDtype):
        times = pd.to_datetime(times, errors="coerce", format="mixed", utc=True)
    if times.isna().any():
        odd = frame[time][times.isna()].iloc[0]
        raise UserError(f"--time {time!r} has a value that is no time: {odd!r}.")
    frame = frame.assign(**{time: times}).sort_values(time, kind="stable")
    twice = frame.duplicated([series, time])
    if twice.any():
        row = frame[twice].iloc[0]
        raise UserError(f"Series {_word(row[series])} has the time {_word(row[time])} twice.")
    return frame


def _numbers(frame: pd.DataFrame, path: Source) -> np.ndarray:
    """(rows, columns) float64."""
    odd = [str(name) for name, kind in frame.dtypes.items()
           if not (pd.api.types.is_numeric_dtype(kind) or frame[name].isna().all())]  # fmt: skip
    if odd:
        raise UserError(
            f"In {_called(path)} are columns that hold no numbers: {', '.join(odd[:SHOWN])}. Leave "
            "them out; a long table, with a row a point in time, needs --series too."
        )
    if not len(frame.columns):
        raise UserError(f"In {_called(path)} are no columns of values.")
    return frame.astype("float64").to_numpy(np.float64, na_value=np.nan)
