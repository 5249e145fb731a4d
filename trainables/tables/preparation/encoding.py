"""Numbers imputed and scaled, categories encoded: what comes out has numbers only."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone


class Encoded(TransformerMixin, BaseEstimator):
    """A frame of float64 and object columns -> one of float64, the numbers first.

    `numbers` and `categories` are scikit-learn transformers of the columns of each kind. What
    `fit_transform` returns is theirs: a target encoder's is cross-fitted. With `native` a model is
    to take the codes as categories: `native_` are their columns' names. With `by_group` the
    cross-fit of `categories` takes groups.
    """

    def __init__(
        self, numbers: Any, categories: Any, *, native: bool = False, by_group: bool = False
    ) -> None:
        self.numbers, self.categories = numbers, categories
        self.native, self.by_group = native, by_group

    def fit(self, frame: pd.DataFrame, y: np.ndarray) -> "Encoded":
        self.fit_transform(frame, y)
        return self

    def fit_transform(
        self, frame: pd.DataFrame, y: np.ndarray, groups: np.ndarray | None = None
    ) -> pd.DataFrame:
        words = [name for name in frame.columns if frame[name].dtype == object]
        self.columns_ = {"numbers": [n for n in frame.columns if n not in set(words)],
                         "categories": words}  # fmt: skip
        self.fitted_ = {
            part: clone(getattr(self, part)) for part, names in self.columns_.items() if names
        }
        self.native_ = words if self.native else []
        with config_context(enable_metadata_routing=self.by_group):
            arrays = {
                part: transformer.fit_transform(
                    self._part(frame, part), y, **self._routed(part, groups)
                )
                for part, transformer in self.fitted_.items()
            }
        return self._frame(frame, arrays)

    def _routed(self, part: str, groups: np.ndarray | None) -> dict[str, Any]:
        return {"groups": groups} if self.by_group and part == "categories" else {}

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        arrays = {
            part: transformer.transform(self._part(frame, part))
            for part, transformer in self.fitted_.items()
        }
        return self._frame(frame, arrays)

    def _part(self, frame: pd.DataFrame, part: str) -> np.ndarray:
        kind = "float64" if part == "numbers" else object
        return frame[self.columns_[part]].to_numpy(dtype=kind)

    def _frame(self, frame: pd.DataFrame, arrays: dict[str, np.ndarray]) -> pd.DataFrame:
        names = [
            str(name)
            for part, transformer in self.fitted_.items()
            for name in transformer.get_feature_names_out(self.columns_[part])
        ]
        return pd.DataFrame(np.hstack(list(arrays.values())), index=frame.index, columns=names)


class Near(TransformerMixin, BaseEstimator):
    """Scaled numbers, none further from 0 than `most`: one odd value moves no prediction far."""

    def __init__(self, most: float) -> None:
        self.most = most

    def fit(self, x: np.ndarray, y: Any = None) -> "Near":
        self.fitted_ = True
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        return np.clip(x, -self.most, self.most)

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        return np.asarray(names, dtype=object)


class Hinges(TransformerMixin, BaseEstimator):
    """Adds max(0, x - knot) for `knots` quantiles of each number: a line that may bend there."""

    def __init__(self, knots: int) -> None:
        self.knots = knots

    def fit(self, x: np.ndarray, y: Any = None) -> "Hinges":
        shares = np.linspace(0, 1, self.knots + 2)[1:-1]
        bends = [np.unique(np.quantile(column, shares)) for column in x.T]
        # At the least or the largest value it would be the number itself, or nothing.
        self.knots_ = [
            knots[(knots > column.min()) & (knots < column.max())]
            for knots, column in zip(bends, x.T, strict=True)
        ]
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        bent = [
            np.maximum(0, column[:, None] - knots)
            for column, knots in zip(x.T, self.knots_, strict=True)
        ]
        return np.hstack([x, *bent])

    def get_feature_names_out(self, names: Any = None) -> np.ndarray:
        bent = [
            f"{name} over {knot:.3g}"
            for name, knots in zip(names, self.knots_, strict=True)
            for knot in knots
        ]
        return np.asarray([*names, *bent], dtype=object)
