"""Columns as a model takes them: numbers, words and dates, out of whatever a frame holds.

It stands alone, with numpy and pandas: a registered model brings it along. What is learned from
and what is predicted for come through the same functions.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

NUMBER, CATEGORY, DATE = "number", "category", "date"
DAY_FIRST, MONTH_FIRST, DECIMAL_COMMA = "day first", "month first", "decimal comma"
CLOCK, TRUTHS = "time of day", "true or false"
SHOWN = 12  # columns that a message lists
# What pandas and Arrow read as missing in a text file.
MISSING = frozenset({
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
})  # fmt: skip
NO_NUMBER = frozenset({"?", "-", "--", ".", "na", "none", "missing", "unknown"})  # among numbers
TRUTH = {"true": "True", "TRUE": "True", "false": "False", "FALSE": "False"}
THOUSANDS = r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"
COMMA = r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+|[+-]?\d{1,3}(?:\.\d{3})+"
HOURS = re.compile(r"(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d(?:\.\d+)?))?")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?P<time>[T ,]\s*\d{1,2}:.*)?"
_MONTH = rf"(?P<word>{'|'.join(MONTHS)})[a-z]*\.?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}"
)
_MONTHLY = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)")
_NUMERIC = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d\d){_TIME}"
)
_NAMED = [
    re.compile(rf"{form}[-/, ]+(?P<year>\d{{4}}|\d\d){_TIME}", re.IGNORECASE)
    for form in (rf"(?P<day>\d{{1,2}})[-/ .]+{_MONTH}", rf"{_MONTH}[-/ ]+(?P<day>\d{{1,2}})")
]


def conform(
    frame: pd.DataFrame, kinds: Mapping[str, str], formats: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The columns of `kinds`, in its order, as `Table.features` has them.

    Numbers are float64 and dates datetime64[ns], with NaN and NaT where there is none; categories
    are texts, with NaN. `formats` says how a column's texts are to be read, where they can be read
    in two ways, and how many digits its codes have (00000). Other columns are passed over.
    ValueError, one line, for columns that are missing or twice, and for one of which no value is
    of its kind.
    """
    if hasattr(frame, "to_pandas"):  # of polars or Arrow
        frame = frame.to_pandas()
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"A data frame is expected, not {type(frame).__name__}.")
    frame = frame.set_axis([str(name).strip() for name in frame.columns], axis=1)
    absent = [name for name in kinds if name not in frame.columns]
    if absent:
        more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
        raise ValueError(f"The frame has no column {', '.join(map(repr, absent[:SHOWN]))}{more}.")
    twice = [name for name in kinds if (frame.columns == name).sum() > 1]
    if twice:
        raise ValueError(f"The frame has several columns called {twice[0]!r}.")
    made = {
        name: _of_kind(frame[name], kind, (formats or {}).get(name)) for name, kind in kinds.items()
    }
    return as_frame(made, frame.index)


def as_frame(columns: Mapping[str, np.ndarray], index: pd.Index | None = None) -> pd.DataFrame:
    """The columns in the same memory and of the same types; pandas would make others of objects."""
    series = {
        name: pd.Series(values, index, dtype=values.dtype, copy=False)
        for name, values in columns.items()
    }
    return pd.DataFrame(series, index, copy=False)


def _of_kind(column: pd.Series, kind: str, written: str | None) -> np.ndarray:
    try:
        if kind == CATEGORY:
            return words(column, written)
        made = numbers(column, written) if kind == NUMBER else dates(column, written)
    except TypeError:  # what has no hash, such as a list
        raise ValueError(f"Column {column.name!r} must hold single values, not lists.") from None
    filled = column[column.notna()]
    if len(filled) and np.isnan(made).all() and not _all_missing(filled):
        first = filled.iloc[:1].tolist()[0]
        raise ValueError(f"Column {column.name!r} must hold {kind}s, but holds {first!r}.")
    return made


def _all_missing(filled: pd.Series) -> bool:
    texts = {str(value).strip() for value in filled.unique()} - MISSING
    odd = [text for text in texts if text.lower() not in NO_NUMBER]
    return bool(np.isinf(numbers_of_texts(np.array(odd, object))).all())


def numbers(column: pd.Series, written: str | None = None) -> np.ndarray:
    """float64 (n,); NaN for what is no finite number. Durations are in seconds."""
    kind = column.dtype
    if pd.api.types.is_timedelta64_dtype(kind):
        found = column.dt.total_seconds().to_numpy(np.float64, copy=True)
    elif pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind):
        plain = isinstance(kind, np.dtype)  # in the same memory, if it can be
        found = column.to_numpy(np.float64, **({} if plain else {"na_value": np.nan}))
    else:
        codes, texts = texts_of(column)
        found = np.append(numbers_of_texts(texts, written), np.nan)[codes]
    if np.isinf(found).any():
        found = np.where(np.isinf(found), np.nan, found)
    return found


def words(column: pd.Series, written: str | None = None) -> np.ndarray:
    """Texts (n,), dtype object; NaN where there is none.

    Numbers of a column whose codes are `written` as 00000 get back the zeros in front of them. Of
    one of TRUTHS, 1 is True and 0 is False, as databases have it.
    """
    codes, texts = texts_of(column)
    if written == TRUTHS:
        texts = np.array([{"1": "True", "0": "False"}.get(text, text) for text in texts], object)
    elif written and pd.api.types.is_numeric_dtype(column):
        padded = [text.zfill(len(written)) if text.isdigit() else text for text in texts]
        texts = np.array(padded, object)
    return np.append(texts, np.array([np.nan], object))[codes]


def dates(column: pd.Series, written: str | None = None) -> np.ndarray:
    """datetime64[ns] (n,), in UTC where a zone was given; NaT for what is no date from 1678 on."""
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return _nanoseconds(column.to_numpy())
    codes, texts = texts_of(column)
    return np.append(dates_of_texts(texts, written), np.datetime64("NaT", "ns"))[codes]


def texts_of(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Codes (n,), -1 where there is none, and the distinct texts (k,), stripped and sorted.

    Whole numbers are written without a point, and truth as True and False.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), column.cat.categories
    else:
        codes, values = pd.factorize(column)
    texts = np.array([_text(value) for value in values], object)
    kept = np.unique(texts[[text not in MISSING for text in texts]] if len(texts) else texts)
    place = {text: i for i, text in enumerate(kept)}
    moved = np.array([place.get(text, -1) for text in texts] + [-1], np.int32)
    used = np.unique(moved[codes])
    used = used[used >= 0]
    if len(used) < len(kept):  # categories of which there is no row
        renumbered = np.full(len(kept) + 1, -1, np.int32)
        renumbered[used] = np.arange(len(used))
        moved, kept = renumbered[moved], kept[used]
    return moved[codes], kept


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return TRUTH.get(text, text)


def numbers_of_texts(texts: np.ndarray, written: str | None = None) -> np.ndarray:
    """float64 (k,), infinite ones too; NaN for what is no number.

    1,234.5 has a comma for thousands; where `written` is DECIMAL_COMMA, 1.234,5 has one for
    decimals. A currency before and a % behind are passed over. Where it is CLOCK, numbers are the
    seconds of a day that 13:45 and 13:45:00.5 are.
    """
    if written == CLOCK:
        return np.array([_seconds(text) for text in texts.tolist()], np.float64)
    plain = pd.Series(texts, dtype=object)
    if written == DECIMAL_COMMA:
        comma = plain.str.fullmatch(COMMA).to_numpy(bool)
        plain[comma] = plain[comma].str.replace(".", "").str.replace(",", ".")
    found = pd.to_numeric(plain, errors="coerce").to_numpy(np.float64, copy=True)
    odd = np.flatnonzero(np.isnan(found))
    if len(odd):
        bare = plain.iloc[odd].str.replace(r"^([+-]?)\s*[$€£]\s*", r"\1", regex=True)
        bare = bare.str.replace(r"\s*[%€]$", "", regex=True)
        grouped = bare.str.fullmatch(THOUSANDS).to_numpy(bool)
        bare[grouped] = bare[grouped].str.replace(",", "")
        found[odd] = pd.to_numeric(bare, errors="coerce")
    return found


def _seconds(text: str) -> float:
    found = HOURS.fullmatch(text)
    return (
        3600 * int(found["h"]) + 60 * int(found["m"]) + float(found["s"] or 0) if found else np.nan
    )


def dates_of_texts(texts: np.ndarray, written: str | None = None) -> np.ndarray:
    """datetime64[ns] (k,); NaT for what is no date.

    Read are 2020-01-31, 2020-01, 31.1.2020, 31 Jan 2020 and Jan 31, 2020, with or without a time,
    and 31/1/2020 or 1/31/2020, as `written` says; without it, where only one of them is a date.
    """
    iso = np.array([_iso(text, written) for text in texts.tolist()], object)
    found = np.full(len(iso), np.datetime64("NaT", "ns"))
    half = np.array([text is not None and text[-1] in "mM" for text in iso], bool)  # AM and PM
    for rows, form in ((~half, "ISO8601"), (half, "mixed")):
        if rows.any():
            read = pd.Series(
                pd.to_datetime(iso[rows], errors="coerce", utc=True, format=form)
            ).dt.tz_localize(None)
            found[rows] = _nanoseconds(read.to_numpy())
    return found


def orders(texts: Collection[str]) -> set[str]:
    """DAY_FIRST, MONTH_FIRST, or both: what texts such as 31/1/2020 and 1/31/2020 need."""
    needed = set()
    for text in texts:
        found = _NUMERIC.fullmatch(text)
        if found and found["mark"] != ".":
            if int(found["first"]) > 12:
                needed.add(DAY_FIRST)
            elif int(found["second"]) > 12:
                needed.add(MONTH_FIRST)
    return needed


def ambiguous(text: str) -> bool:
    """Whether it is a date with the day first and another with the month first."""
    found = _NUMERIC.fullmatch(text)
    if not found or found["mark"] == ".":
        return False
    return (
        found["first"] != found["second"] and max(int(found["first"]), int(found["second"])) <= 12
    )


def shape_of(text: str) -> str:
    """How a date is written, without its time: d.d.y for 31.1.2020."""
    date = re.sub("[A-Za-z]+", "m", re.split(r"[T ,]\s*\d{1,2}:", text)[0])
    return re.sub(r"\d+", lambda digits: "y" if len(digits[0]) > 2 else "d", date)


def _iso(text: str, written: str | None) -> str | None:
    if found := _YEAR_FIRST.fullmatch(text):
        return _dated(found["year"], found["month"], found["day"], found["time"])
    if found := _MONTHLY.fullmatch(text):
        return _dated(found["year"], found["month"], "1", None)
    if found := _NUMERIC.fullmatch(text):
        if not written and ambiguous(text):
            return None
        day, month = found["first"], found["second"]
        later = written == MONTH_FIRST if written else int(month) > 12
        if later and found["mark"] != ".":
            day, month = month, day
        return _dated(found["year"], month, day, found["time"])
    for form in _NAMED:
        if found := form.fullmatch(text):
            month = MONTHS.index(found["word"].lower()) + 1
            return _dated(found["year"], str(month), found["day"], found["time"])
    return None


def _dated(year: str, month: str, day: str, time: str | None) -> str:
    if len(year) == 2:
        year = ("19" if int(year) >= 69 else "20") + year  # as the C library has it
    return f"{year}-{int(month):02}-{int(day):02} {time[1:].strip() if time else '00:00'}"


def _nanoseconds(found: np.ndarray) -> np.ndarray:
    """NaT for what does not fit into nanoseconds: dates before 1678 or after 2262."""
    low, high = np.datetime64("1678-01-01"), np.datetime64("2262-01-01")
    inside = (found >= low) & (found < high)
    return np.where(inside, found, np.datetime64("NaT")).astype("datetime64[ns]")
