"""Numbers imputed and scaled, categories encoded: what comes out has numbers only."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone

FURTHEST = 10.0  # standard deviations


class Encoded(TransformerMixin, BaseEstimator):
    """A frame of float64 and object columns -> one of float64, the numbers first.

    `numbers` and `categories` are scikit-learn transformers of the columns of each kind. What
    `fit_transform` returns is theirs: a target encoder's is cross-fitted. With `native` a model is
    to take the codes as categories: `native_` are their columns' names.
    """

    def __init__(self, numbers: Any, categories: Any, *, native: bool = False) -> None:
        self.numbers, self.categories, self.native = numbers, categories, native

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "Encoded":
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: np.ndarray, **_: Any) -> pd.DataFrame:
        words = [name for name in X.columns if X[name].dtype == object]
        self.columns_ = {"numbers": [n for n in X.columns if n not in set(words)],
                         "categories": words}  # fmt: skip
        self.fitted_ = {
            part: clone(getattr(self, part)) for part, names in self.columns_.items() if names
        }
        self.native_ = words if self.native else []
        arrays = {
            part: transformer.fit_transform(self._part(X, part), y)
            for part, transformer in self.fitted_.items()
        }
        return self._frame(X, arrays)

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        arrays = {
            part: transformer.transform(self._part(X, part))
            for part, transformer in self.fitted_.items()
        }
        return self._frame(X, arrays)

    def _part(self, X: pd.DataFrame, part: str) -> np.ndarray:
        kind = "float64" if part == "numbers" else object
        return X[self.columns_[part]].to_numpy(dtype=kind)

    def _frame(self, X: pd.DataFrame, arrays: dict[str, np.ndarray]) -> pd.DataFrame:
        names = [
            str(name)
            for part, transformer in self.fitted_.items()
            for name in transformer.get_feature_names_out(self.columns_[part])
        ]
        return pd.DataFrame(np.hstack(list(arrays.values())), index=X.index, columns=names)


class Near(TransformerMixin, BaseEstimator):
    """Scaled numbers, none further from 0 than FURTHEST: one odd value moves no prediction far."""

    def fit(self, X: np.ndarray, y: Any = None) -> "Near":
        self.fitted_ = True
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        return np.clip(X, -FURTHEST, FURTHEST)

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        return np.asarray(names, dtype=object)


class Hinges(TransformerMixin, BaseEstimator):
    """Adds max(0, x - knot) for `knots` quantiles of each number: a line that may bend there."""

    def __init__(self, knots: int) -> None:
        self.knots = knots

    def fit(self, X: np.ndarray, y: Any = None) -> "Hinges":
        shares = np.linspace(0, 1, self.knots + 2)[1:-1]
        bends = [np.unique(np.quantile(column, shares)) for column in X.T]
        # At the least or the largest value it would be the number itself, or nothing.
        self.knots_ = [
            knots[(knots > column.min()) & (knots < column.max())]
            for knots, column in zip(bends, X.T, strict=True)
        ]
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        bent = [
            np.maximum(0, column[:, None] - knots)
            for column, knots in zip(X.T, self.knots_, strict=True)
        ]
        return np.hstack([X, *bent])

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        bent = [
            f"{name} over {knot:.3g}"
            for name, knots in zip(names, self.knots_, strict=True)
            for knot in knots
        ]
        return np.asarray([*names, *bent], dtype=object)
