"""The raw columns of a table, each made numbers or words: dates become parts."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

LARGEST = 1e15  # products of two such numbers still fit into 32 bits
DAY_SECONDS = 86_400
PARTS = ("year", "month", "day", "day_of_week", "hour", "minute")


class Columns(TransformerMixin, BaseEstimator):
    """A frame of raw columns -> one of float64 (NaN is missing) and of words (object, or NaN).

    They are as `Table.features` has them. A date becomes its days since 1970 and those of PARTS
    that vary in the fitted rows, under names that no column has. Columns are found by name; others
    than the fitted ones are left out. Raises KeyError for one that is not there.
    """

    def fit(self, frame: pd.DataFrame, y: Any = None) -> "Columns":
        self.kinds_ = {str(name): kind_of(frame[name]) for name in frame.columns}
        self.parts_ = {
            name: [part for part in PARTS if getattr(frame[name].dt, part).nunique() > 1]
            for name, kind in self.kinds_.items()
            if kind == "date"
        }
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        made: dict[str, Any] = {}
        for name, kind in self.kinds_.items():
            if kind == "number":
                made[name] = _numbers(frame[name])
            elif kind == "category":
                made[name] = _words(frame[name])
            else:
                for part, values in self._date_parts(name, frame[name]).items():
                    made[self._free(f"{name} {part}", made)] = values
        return pd.DataFrame(made, index=frame.index)

    def _date_parts(self, name: str, column: pd.Series) -> dict[str, pd.Series]:
        days = (column - pd.Timestamp(0)).dt.total_seconds() / DAY_SECONDS
        parts = {part: getattr(column.dt, part) for part in self.parts_[name]}
        return {part: values.astype("float64") for part, values in {"days": days, **parts}.items()}

    def _free(self, name: str, made: Mapping[str, Any]) -> str:
        while name in self.kinds_ or name in made:
            name += "_"
        return name


def kind_of(column: pd.Series) -> str:
    """ "number", "date" or "category", by the column's type."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return "number" if number else "category"


def _numbers(column: pd.Series) -> np.ndarray:
    numbers = column.to_numpy("float64", na_value=np.nan)
    return np.clip(np.where(np.isfinite(numbers), numbers, np.nan), -LARGEST, LARGEST)


def _words(column: pd.Series) -> pd.Series:
    words = np.where(column.isna(), np.nan, column.to_numpy(object))
    return pd.Series(words, index=column.index, dtype=object)  # pandas would make it its own type
