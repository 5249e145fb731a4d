"""What a person should know of a table before a study of it: copies, and columns that tell all."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from automl_on_ray.trainables.tables.metrics import REGRESSION, scores

PERFECT_AUC, PERFECT_R2 = 0.99, 0.999
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
        rows, sample = rows[often], sample[often]
    if len(np.unique(sample)) < 2:
        return []
    said = []
    for name, values in columns.items():
        word, score, limit = _alone(values[rows], task, sample, seed)
        if score > limit:
            said.append(
                f"Column {name!r} alone predicts the target nearly perfectly ({word} {score:.4f}): "
                "if it is known only after the target, leave it out."
            )
    return said


def _alone(values: Any, task: str, answers: np.ndarray, seed: int) -> tuple[str, float, float]:
    """Name and value of a score with this column only, and the limit of what is credible."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with few rows
        if task == REGRESSION:
            tree: Any = DecisionTreeRegressor(max_depth=NUMBERS_DEPTH, random_state=seed)
            cut: Any = KFold(FOLDS, shuffle=True, random_state=seed)
            made = cross_val_predict(_over(values, tree, seed), _matrix(values), answers, cv=cut)
            return "R2 of ranks", float(r2_score(answers, made)), PERFECT_R2
        answers = np.unique(answers, return_inverse=True)[1]
        tree = DecisionTreeClassifier(max_depth=CLASSES_DEPTH, random_state=seed)
        cut = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        made = cross_val_predict(
            _over(values, tree, seed), _matrix(values), answers, cv=cut, method="predict_proba"
        )
    return "AUC", scores(task, answers, made)["auc"], PERFECT_AUC


def _matrix(values: Any) -> np.ndarray:
    """(n, 1) of numbers, or of codes of categories."""
    if isinstance(values, pd.Categorical):
        return np.asarray(values.codes)[:, None]
    if values.dtype.kind == "M":
        return np.where(np.isnat(values), np.nan, values.astype(np.int64).astype(float))[:, None]
    return np.asarray(values)[:, None]


def _over(values: Any, tree: Any, seed: int) -> Any:
    """A tree over the means of the target in each category."""
    if isinstance(values, pd.Categorical):
        return make_pipeline(TargetEncoder(random_state=seed), tree)
    return tree
