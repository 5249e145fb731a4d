"""The raw columns of a table, each made numbers or words: dates become parts."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

LARGEST = 1e15  # products of two such numbers still fit into 32 bits
DAY_SECONDS = 86_400
PARTS = ("year", "month", "day", "dayofweek", "hour", "minute")


class Columns(TransformerMixin, BaseEstimator):
    """A frame of raw columns -> one of float64 (NaN is missing) and of words (object, or NaN).

    They are as `Table.features` has them. A date becomes its days since 1970 and those of PARTS
    that vary in the fitted rows. Columns are found by name; others than the fitted ones are left
    out. Raises KeyError for one that is not there.
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> "Columns":
        self.kinds_ = {str(name): kind_of(X[name]) for name in X.columns}
        self.parts_ = {
            name: [part for part in PARTS if getattr(X[name].dt, part).nunique() > 1]
            for name, kind in self.kinds_.items()
            if kind == "date"
        }
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        made: dict[str, pd.Series] = {}
        for name, kind in self.kinds_.items():
            if kind == "number":
                made[name] = _numbers(X[name])
            elif kind == "category":
                made[name] = _words(X[name])
            else:
                made |= self._date_parts(name, X[name])
        return pd.DataFrame(made, index=X.index)

    def _date_parts(self, name: str, column: pd.Series) -> dict[str, pd.Series]:
        days = (column - pd.Timestamp(0)).dt.total_seconds() / DAY_SECONDS
        parts = {part: getattr(column.dt, part) for part in self.parts_[name]}
        return {
            f"{name} {part}": values.astype("float64")
            for part, values in {"days": days, **parts}.items()
        }


def kind_of(column: pd.Series) -> str:
    """"number", "date" or "category", by the column's type."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return "date"
    number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    return "number" if number else "category"


def _numbers(column: pd.Series) -> pd.Series:
    numbers = column.astype("float64")
    return numbers.where(np.isfinite(numbers)).clip(-LARGEST, LARGEST)


def _words(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), np.nan)
