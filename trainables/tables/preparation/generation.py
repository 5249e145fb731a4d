"""Columns made of others: arithmetic of the strongest numbers, and means of groups."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

ROWS = 2000  # that strength is judged by
STRONGEST_IN_PAIRS, STRONGEST_IN_GROUPS, GROUPINGS = 4, 3, 3
ROWS_A_GROUP = 5  # on average, for its mean to say something
LARGEST = 1e30


class Pairs(TransformerMixin, BaseEstimator):
    """Adds difference, product and ratio of each pair of the strongest numbers.

    Strength is the mutual information with the answers. A ratio to zero is missing.
    """

    def __init__(self, *, regression: bool, seed: int) -> None:
        self.regression, self.seed = regression, seed

    def fit(self, frame: pd.DataFrame, y: np.ndarray) -> "Pairs":
        numbers = strongest(frame, y, False, self.regression, self.seed)[:STRONGEST_IN_PAIRS]
        self.pairs_ = [list(pair) for pair in combinations(numbers, 2)]
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        made = {}
        for a, b in self.pairs_:
            made[f"{a} - {b}"] = frame[a] - frame[b]
            made[f"{a} * {b}"] = frame[a] * frame[b]
            made[f"{a} / {b}"] = (frame[a] / frame[b].where(frame[b] != 0)).clip(-LARGEST, LARGEST)
        return _with(frame, made)


class GroupMeans(TransformerMixin, BaseEstimator):
    """Adds the mean of a strong number in the row's group, and how far the row is from it.

    Groups are the values of the strongest categories that have ROWS_A_GROUP rows or more each on
    average. The mean of an unknown group is missing.
    """

    def __init__(self, *, regression: bool, seed: int) -> None:
        self.regression, self.seed = regression, seed

    def fit(self, frame: pd.DataFrame, y: np.ndarray) -> "GroupMeans":
        words = frame.select_dtypes(object).nunique()
        odd = words[(words < 2) | (words > len(frame) / ROWS_A_GROUP)].index
        asked = (frame.drop(columns=odd), y)
        by = strongest(*asked, True, self.regression, self.seed)[:GROUPINGS]
        numbers = strongest(*asked, False, self.regression, self.seed)[:STRONGEST_IN_GROUPS]
        self.means_ = [
            [group, number, frame.groupby(group)[number].mean().to_dict()]
            for group in by
            for number in numbers
        ]
        return self

    def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
        made = {}
        for group, number, means in self.means_:
            mean = frame[group].map(means).astype("float64")
            made[f"mean {number} by {group}"] = mean
            made[f"{number} - mean by {group}"] = frame[number] - mean
        return _with(frame, made)


def strongest(
    frame: pd.DataFrame, y: np.ndarray, words: bool, regression: bool, seed: int
) -> list[str]:
    """Names of the numbers, or of the columns of `words`, the strongest first."""
    names = [name for name in frame.columns if (frame[name].dtype == object) == words]
    if not names:
        return []
    generator = np.random.default_rng(seed)
    rows = generator.permutation(len(frame))[:ROWS]
    part = frame[names].iloc[rows]
    filled = part.apply(lambda c: pd.factorize(c)[0] if words else c.fillna(c.median())).fillna(0)
    information = mutual_info_regression if regression else mutual_info_classif
    told = information(
        filled.to_numpy(dtype="float64"), y[rows], discrete_features=words, random_state=seed,
        n_neighbors=min(3, len(rows) - 1),
    )  # fmt: skip
    return [names[index] for index in np.argsort(-told, kind="stable")]


def _with(frame: pd.DataFrame, made: dict[str, Any]) -> pd.DataFrame:
    made = {name: values for name, values in made.items() if name not in frame.columns}
    return pd.concat([frame, pd.DataFrame(made, index=frame.index, dtype="float64")], axis=1)
