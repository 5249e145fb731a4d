"""What a column holds: numbers, categories or dates; or why it is left out.

All values are looked at, not a sample of them, so none is lost in silence: of the few that fit to
no kind, a remark tells.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.trainables.tables import conform
from automl_on_ray.trainables.tables.columns.csv_files import is_code
from automl_on_ray.trainables.tables.conform import CATEGORY, DATE, NUMBER

MOSTLY = 0.99  # so many of a column's filled rows decide on its kind
ENOUGH = 20  # rows, before a value of its own in each makes an id
NEARLY_ALL, MANY = 0.9, 0.3  # of the rows' values differ
SENTENCE, LONG = 3, 50  # words, and letters, of a text
ID = re.compile(r"(?i:(?:^|[\W_])(?:id|uuid|guid|key|index)$)|[a-z]I[dD]$")
SOME = 1000  # distinct texts that say how long they are


@dataclass(frozen=True)
class Column:
    """`values` (n,): float64, datetime64[ns], or a Categorical of sorted texts; None if left out.

    `written` is how its texts are read, where they could be read in several ways. Of codes with
    zeros in front it is as many zeros as all of them have digits, or one where they differ.
    """

    kind: str = ""
    values: Any = None
    left_out: str = ""
    written: str = ""
    remark: str = ""


def column_of(raw: pd.Series, *, ordered: bool = False) -> Column:
    """The column as it can be learned from, or why it cannot.

    A column by which the rows are `ordered` in time may number them; another that does is an id.
    """
    if reason := foreign(raw):
        return Column(left_out=reason)
    if raw.isna().all():
        return Column(left_out="all of its values are missing")
    kind = raw.dtype
    if pd.api.types.is_datetime64_any_dtype(kind) or isinstance(kind, pd.PeriodDtype):
        found = Column(DATE, conform.dates(raw), remark=_lost_dates(raw))
    elif pd.api.types.is_timedelta64_dtype(kind) or _is_number(kind):
        found = _number(raw)
    else:
        own = isinstance(kind, pd.CategoricalDtype)
        found = _with_codes(_of_texts(*conform.texts_of(raw), own=own), str(raw.name))
    return _checked(found, str(raw.name), ordered)


def _is_number(kind: Any) -> bool:
    types = pd.api.types
    return types.is_numeric_dtype(kind) and not types.is_bool_dtype(kind)


def foreign(raw: pd.Series) -> str:
    """What a table cannot be learned from: why, or nothing."""
    if pd.api.types.is_complex_dtype(raw.dtype):
        return "it holds complex numbers"
    if raw.dtype != object:
        return ""
    kinds = {type(value) for value in raw[raw.notna()]}
    for holds, types in {
        "lists": (list, tuple, set, frozenset, np.ndarray),
        "records": (dict,),
        "bytes": (bytes, bytearray, memoryview),
    }.items():
        if any(issubclass(kind, types) for kind in kinds):
            return f"it holds {holds}"
    odd = next((kind.__name__ for kind in kinds if kind.__hash__ is None), None)
    return f"it holds objects of type {odd}" if odd else ""


def _number(raw: pd.Series) -> Column:
    values = conform.numbers(raw)
    infinite = int(raw.notna().sum()) - int(np.isfinite(values).sum())
    remark = f"{infinite} infinite numbers are taken as missing" if infinite else ""
    return Column(NUMBER, values, remark=remark)


def _lost_dates(raw: pd.Series) -> str:
    lost = int(raw.notna().sum() - (~np.isnat(conform.dates(raw))).sum())
    return f"{lost} dates before 1678 or after 2262 are taken as missing" if lost else ""


def _of_texts(codes: np.ndarray, texts: np.ndarray, *, own: bool) -> Column:
    """Numbers or dates that are written as text, or words; `own` are a frame's categories."""
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    if not len(texts):
        return Column(left_out="all of its values are missing")
    notes = []
    for find in () if own else _worth_trying(texts):
        found, note = find(codes, texts, counts)
        if found is not None:
            return found
        notes += [note] if note else []
    if reason := _without_use(texts, counts):
        return Column(left_out=f"{reason}{''.join(f'; {note}' for note in notes)}")
    values = pd.Categorical.from_codes(codes, categories=pd.Index(texts, dtype=object))
    return Column(CATEGORY, values, remark="; ".join(notes))


def _with_codes(column: Column, name: str) -> Column:
    """Says of codes such as 01000 that other readers of a file make numbers of them."""
    texts = column.values.categories if column.kind == CATEGORY else ()
    if len(texts) and set(texts) <= set(conform.TRUTH.values()):
        return replace(column, written=conform.TRUTHS)
    if not any(is_code(text) for text in texts):
        return column
    widths = {len(text) if text.isdigit() else 0 for text in texts}
    said = (
        "its codes have zeros in front; to predict for a frame of pandas.read_csv, read "
        f"{name!r} as text: dtype={{{name!r}: str}}"
    )
    written = "0" * (widths.pop() if len(widths) == 1 else 1)
    return replace(column, written=written, remark=_joined(column.remark, said))


Found = tuple[Column | None, str]


def _worth_trying(texts: np.ndarray) -> list[Callable[..., Found]]:
    """What some of the texts could be; a long column of words is not read as dates for nothing."""
    some = _some(texts)
    numbers = ~np.isnan(conform.numbers_of_texts(some, conform.DECIMAL_COMMA))
    numbers |= ~np.isnan(conform.numbers_of_texts(some))
    numbers |= ~np.isnan(conform.numbers_of_texts(some, conform.CLOCK))
    dates = ~np.isnat(conform.dates_of_texts(some, conform.DAY_FIRST))
    dates |= ~np.isnat(conform.dates_of_texts(some, conform.MONTH_FIRST))
    return [find for find, fit in ((_numbers_in, numbers), (_dates_in, dates)) if fit.mean() > 0.1]


def _some(texts: np.ndarray) -> np.ndarray:
    return texts[:: max(len(texts) // SOME, 1)]


def _numbers_in(codes: np.ndarray, texts: np.ndarray, counts: np.ndarray) -> Found:
    """None if they are no numbers; then with what is to be said of those that are among them."""
    if any(is_code(text) for text in texts):
        return None, ""
    ways = ("", conform.DECIMAL_COMMA, conform.CLOCK)
    read = {way: conform.numbers_of_texts(texts, way) for way in ways}
    written = max(ways, key=lambda way: _filled(read[way]))  # the first of equal ones
    found = read[written]
    odd = np.isnan(found)
    marks = np.array([text.lower() in conform.NO_NUMBER for text in texts], bool)
    share = counts[~odd].sum() / max(counts[~marks].sum(), 1)
    if share < MOSTLY or odd.all():
        return None, _mixed("numbers", texts, counts, odd) if share > 0.5 else ""
    infinite = np.isinf(found)
    found = np.where(infinite, np.nan, found)
    remark = _as_missing(texts, counts, odd | infinite)
    if written == conform.CLOCK:
        remark = _joined("its times of the day are taken as seconds since midnight", remark)
    values = np.append(found, np.nan)[codes]
    return Column(NUMBER, values, written=written, remark=remark), ""


def _filled(found: np.ndarray) -> int:
    return int((~np.isnan(found)).sum())


def _dates_in(codes: np.ndarray, texts: np.ndarray, counts: np.ndarray) -> Found:
    needed = conform.orders(texts.tolist())
    tried = [conform.dates_of_texts(texts, order) for order in sorted(needed) or [""]]
    odd = np.logical_and.reduce([np.isnat(found) for found in tried])
    unclear = np.array([conform.ambiguous(text) for text in texts], bool)
    share = counts[~odd | unclear].sum() / counts.sum()
    if share < MOSTLY:
        return None, _mixed("dates", texts, counts, odd) if share > 0.5 else ""
    if len(needed) > 1:
        why = "its dates have the day first in some rows and the month first in others"
        return Column(left_out=why), ""
    written, remark = next(iter(needed), ""), ""
    found = tried[0]
    if unclear.any() and not needed:
        written, said = conform.MONTH_FIRST, texts[unclear][0]
        found = conform.dates_of_texts(texts, written)
        remark = f"dates such as {said} are read with the month first; 2020-01-31 would be clear"
    shapes = {conform.shape_of(text) for text in texts[~np.isnat(found)]}
    if len(shapes) > 1:
        remark = _joined(remark, f"its dates are written in {len(shapes)} ways; all were read")
    remark = _joined(remark, _as_missing(texts, counts, np.isnat(found)))
    values = np.append(found, np.datetime64("NaT", "ns"))[codes]
    return Column(DATE, values, written=written, remark=remark), ""


def _mixed(what: str, texts: np.ndarray, counts: np.ndarray, odd: np.ndarray) -> str:
    rows, first = counts[odd].sum(), texts[odd][0]
    return f"it holds {what}, but others such as {first!r} in {rows} rows; taken as categories"


def _as_missing(texts: np.ndarray, counts: np.ndarray, odd: np.ndarray) -> str:
    if not odd.any():
        return ""
    said = ", ".join(repr(text) for text in texts[odd][:3])
    return f"{said} ({counts[odd].sum()} rows) taken as missing"


def _joined(*remarks: str) -> str:
    return "; ".join(remark for remark in remarks if remark)


def _without_use(texts: np.ndarray, counts: np.ndarray) -> str:
    """Why words are no categories; "" if they are."""
    rows, distinct = int(counts.sum()), len(texts)
    some = _some(texts)
    spoken = np.mean([len(text.split()) for text in some]) >= SENTENCE
    long = np.mean([len(text) for text in some]) > LONG
    if rows < ENOUGH:
        return ""
    if (spoken or long) and distinct > MANY * rows:
        return f"it is text: {distinct} different ones in {rows} rows"
    if distinct == rows:
        return "it is an id: each row has a value of its own"
    if distinct > NEARLY_ALL * rows:
        return f"it is nearly an id: {distinct} different values in {rows} rows"
    return ""


def _checked(column: Column, name: str, ordered: bool) -> Column:
    """Left out where nothing varies, or where it is an id."""
    if column.left_out:
        return column
    values = column.values.codes if column.kind == CATEGORY else column.values
    absent = values < 0 if column.kind == CATEGORY else pd.isna(values)
    filled = values[~absent]
    if not len(filled):
        return Column(left_out=_joined("all of its values are missing", column.remark))
    if not absent.any() and (filled == filled[0]).all():
        return Column(left_out="it has one value only")
    if column.kind == NUMBER and not ordered and _is_id(filled, name):
        return Column(left_out="it is an id: each row has a number of its own")
    return column


def _is_id(values: np.ndarray, name: str) -> bool:
    """Whether whole numbers, all different, are called an id, or would not be so by chance.

    Of n numbers drawn from 2 n, all differ with a probability below exp(-n / 4).
    """
    if len(values) < ENOUGH or (values[:SOME] % 1).any() or (values % 1).any():
        return False
    if len(np.unique(values)) < len(values):
        return False
    return values.max() - values.min() < 2 * len(values) or bool(ID.search(name))
