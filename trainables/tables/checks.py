"""What a person should know of a table before a study of it: copies, and columns that tell all."""

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from automl_on_ray.trainables.tables.metrics import REGRESSION, scores
from automl_on_ray.trainables.tables.splits import Fold

PERFECT_AUC, PERFECT_R2 = 0.99, 0.999
NEAR = 0.02  # below it, on one part of the rows, a column is not tried on the others
SAMPLE, FEW, MANY = 5000, 1000, 200  # rows that a column is tried on; few, where columns are many
NUMBERS_DEPTH, CLASSES_DEPTH = 12, 4
FOLDS = 3
LEAST = 8  # rows of a class, so that each fold's encoder has its five


def is_target_again(values: Any, task: str, answers: np.ndarray) -> bool:
    """Whether a column is the target under another name: by other words, or in another unit."""
    if task != REGRESSION:
        return all(_same_partition(values[:rows], answers[:rows]) for rows in (FEW, None))
    if isinstance(values, pd.Categorical) or values.dtype.kind == "M" or np.isnan(values).any():
        return False
    first, last = np.argmin(answers), np.argmax(answers)
    slope = (values[last] - values[first]) / (answers[last] - answers[first])
    made = values[first] + slope * (answers - answers[first])
    return bool(slope and np.allclose(made, values, rtol=1e-9, atol=1e-9 * np.abs(values).max()))


def _same_partition(values: Any, answers: np.ndarray) -> bool:
    """Whether each value stands for one answer, and each answer for one value."""
    codes = pd.factorize(values, use_na_sentinel=False)[0]
    return bool((codes == pd.factorize(answers)[0]).all())


def remarks_on_copies(
    columns: Mapping[str, Any], answers: np.ndarray, train: np.ndarray, test: np.ndarray
) -> list[str]:
    """One line if rows of the test part are in the train part too, target included."""
    signs = pd.util.hash_array(answers)
    for values in columns.values():
        signs = signs * np.uint64(1000003) + _hashes(values)
    copies = int(np.isin(signs[test], signs[train]).sum())
    if not copies:
        return []
    return [
        f"{copies} of {len(test)} test rows are in the train part too, alike in all columns: the "
        "test's score is better than that of new rows."
    ]


def _hashes(values: Any) -> np.ndarray:
    if isinstance(values, pd.Categorical):
        return np.asarray(pd.util.hash_array(values.codes))
    return np.asarray(pd.util.hash_array(values))


def remarks_on_leaks(
    columns: Mapping[str, Any], task: str, answers: np.ndarray, train: np.ndarray, seed: int
) -> list[str]:
    """One line for each column that alone predicts the target nearly perfectly.

    That is a tree's cross-validated AUC, or R2 of ranks, on a sample of the train part.
    """
    size = SAMPLE if len(columns) <= MANY else FEW
    rows = train
    if len(train) > size:
        rows = np.sort(np.random.default_rng(seed).choice(train, size, replace=False))
    sample = answers[rows]
    if task == REGRESSION:
        sample = rankdata(sample)
    else:
        often = np.bincount(sample)[sample] >= LEAST
        rows, sample = rows[often], np.unique(sample[often], return_inverse=True)[1]
    if len(np.unique(sample)) < 2:
        return []
    kind = KFold if task == REGRESSION else StratifiedKFold
    cuts = list(kind(FOLDS, shuffle=True, random_state=seed).split(sample, sample))
    word, limit = ("R2 of ranks", PERFECT_R2) if task == REGRESSION else ("AUC", PERFECT_AUC)
    said = []
    for name, values in columns.items():
        alone = partial(_alone, values[rows], task, sample, seed=seed)
        if alone(cuts[:1]) > limit - NEAR and (score := alone(cuts)) > limit:
            said.append(
                f"Column {name!r} alone predicts the target nearly perfectly ({word} {score:.4f}): "
                "if it is known only after the target, leave it out."
            )
    return said


def _alone(
    values: Any, task: str, answers: np.ndarray, cuts: Sequence[Fold], *, seed: int
) -> float:
    """The mean score with this column only; `cuts` are rows to fit with and to predict."""
    matrix, found = _matrix(values), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with few rows
        for fit, out in cuts:
            tree = _over(values, task, seed).fit(matrix[fit], answers[fit])
            if task == REGRESSION:
                found.append(r2_score(answers[out], tree.predict(matrix[out])))
            else:
                made = tree.predict_proba(matrix[out])
                found.append(scores(task, answers[out], made)["auc"])
    return float(np.mean(found))


def _matrix(values: Any) -> np.ndarray:
    """(n, 1) of numbers, or of codes of categories."""
    if isinstance(values, pd.Categorical):
        return np.asarray(values.codes)[:, None]
    if values.dtype.kind == "M":
        return np.where(np.isnat(values), np.nan, values.astype(np.int64).astype(float))[:, None]
    return np.asarray(values)[:, None]


def _over(values: Any, task: str, seed: int) -> Any:
    """A tree; of a column of categories, over the means of the target in each."""
    if task == REGRESSION:
        kind, tree = "continuous", DecisionTreeRegressor(max_depth=NUMBERS_DEPTH, random_state=seed)
    else:
        kind, tree = "auto", DecisionTreeClassifier(max_depth=CLASSES_DEPTH, random_state=seed)
    if isinstance(values, pd.Categorical):
        return make_pipeline(TargetEncoder(target_type=kind, random_state=seed), tree)
    return tree
