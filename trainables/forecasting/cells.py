"""Times and numbers out of a frame's columns, for learning and for forecasting alike.

A registered model brings this file along.
"""

import re

import numpy as np
import pandas as pd

from automl_on_ray.trainables.tables import conform

MIDNIGHT = re.compile(r"\d{4}-\d\d-\d\d[T ]00:00(?::00(?:\.0+)?)?[+-]\d\d:?\d\d")


def local_days(column: pd.Series) -> pd.Series:
    """Days of a time zone as they are called there; what is shorter than a day is in UTC.

    So are texts of midnight with an offset, which another day's may differ from.
    """
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        return _days_of_texts(column)
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        return column
    local = column.dt.tz_localize(None)
    return local if (local.dropna() == local.dropna().dt.normalize()).all() else column


def _days_of_texts(column: pd.Series) -> pd.Series:
    filled = column.dropna()
    if not len(filled) or not MIDNIGHT.fullmatch(str(filled.iloc[0]).strip()):
        return column
    texts = filled.astype(str).str.strip()
    return column.where(column.isna(), texts.str[:10]) if texts.map(_is_midnight).all() else column


def _is_midnight(text: str) -> bool:
    return MIDNIGHT.fullmatch(text) is not None


def has_decimal_comma(column: pd.Series) -> bool:
    """Whether more of its texts are numbers with 1.234,5 than with 1,234.5."""
    if _of_numbers(column):
        return False
    _, texts = conform.texts_of(column)
    plain = np.isnan(conform.numbers_of_texts(texts)).sum()
    comma = np.isnan(conform.numbers_of_texts(texts, conform.DECIMAL_COMMA)).sum()
    return bool(comma < plain)


def numbers_in(column: pd.Series, *, decimal_comma: bool = False) -> np.ndarray:
    """float64 (n,), NaN where there is none; truth is 0 and 1. ValueError for words."""
    if _of_numbers(column):
        return column.to_numpy(np.float64, na_value=np.nan)
    codes, texts = conform.texts_of(column)
    if set(texts) <= {"True", "False"}:
        found = (texts == "True").astype(float)
    else:
        written = conform.DECIMAL_COMMA if decimal_comma else None
        found = conform.numbers_of_texts(texts, written)
    words = [text for text in texts[np.isnan(found)] if text.lower() not in conform.NO_NUMBER]
    if words:
        raise ValueError(f"Column {column.name!r} must hold numbers, but holds {words[0]!r}.")
    return np.asarray(np.append(found, np.nan)[codes])


def _of_numbers(column: pd.Series) -> bool:
    types = pd.api.types
    return types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)
