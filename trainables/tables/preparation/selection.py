"""Leaves out the columns that say least of the answers."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

ROWS = {"mutual_information": 2000, "importance": 20_000}  # that columns are judged by
TREES, LEAF_ROWS = 50, 5


class Selection(TransformerMixin, BaseEstimator):
    """Keeps the best `share` of the columns of a frame of float64, one at least, in their order.

    `by` is "mutual_information" with the answers, or "importance": how much a column's splits in
    extremely randomised trees (Geurts et al. 2006) lessen impurity.
    """

    def __init__(self, by: str, share: float, *, regression: bool, seed: int) -> None:
        self.by, self.share, self.regression, self.seed = by, share, regression, seed

    def fit(self, frame: pd.DataFrame, y: np.ndarray) -> "Selection":
        rows = np.random.default_rng(self.seed).permutation(len(frame))[: ROWS[self.by]]
        part = frame.iloc[rows]
        filled = part.fillna(part.median()).fillna(0).to_numpy()
        judge = self._importance if self.by == "importance" else self._information
        values = judge(filled, y[rows])
        best = np.argsort(-values, kind="stable")[: max(1, round(self.share * frame.shape[1]))]
        self.kept_ = np.sort(best)  # by position: encoded columns may share a name
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[:, self.kept_]

    def _information(self, values: np.ndarray, y: np.ndarray) -> np.ndarray:
        information = mutual_info_regression if self.regression else mutual_info_classif
        neighbours = min(3, len(y) - 1)
        return information(values, y, random_state=self.seed, n_neighbors=neighbours)

    def _importance(self, values: np.ndarray, y: np.ndarray) -> np.ndarray:
        kind = ExtraTreesRegressor if self.regression else ExtraTreesClassifier
        trees = kind(TREES, min_samples_leaf=LEAF_ROWS, max_features=0.3, random_state=self.seed)
        return np.asarray(trees.fit(values, y).feature_importances_)
