"""Errors of support vector machines on real tables: all settings of a grid, on 14 data sets.

    python -m benchmarks.transfer.svm_table --out svm.parquet      # about two CPU minutes; goes on

An error is 1 - balanced accuracy in three folds, on at most 300 rows. The data sets are those that
the portfolio for tables was chosen on, but for the regressions.
"""

import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from ray import tune
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.feature_selection import SelectPercentile, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
from sklearn.svm import SVC

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.searchers import values
from benchmarks.tabular.data import PORTFOLIO, DataSet, read

ROWS, FOLDS = 300, 3
SPACE = SearchSpace(
    "svm",
    training={
        "C": tune.choice([0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]),
        "gamma": tune.choice([1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0]),
        "features": tune.choice([50, 100]),  # the best by an F test, in %
        "weights": tune.choice(["equal", "balanced"]),
        "scaling": tune.choice(["standard", "quantiles"]),
    },
)
KEYS = tuple(SPACE.domains)
OPTIONS = {key: values(domain) or [] for key, domain in SPACE.domains.items()}
MEMBERS = tuple(dict(zip(KEYS, each, strict=True)) for each in itertools.product(*OPTIONS.values()))
DATA_SETS = tuple(each for each in PORTFOLIO if each.task != "regression")
Fold = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def errors(features: pd.DataFrame, target: pd.Series) -> list[dict[str, Any]]:
    """A row for each member of SPACE: its values and `error`, the mean of the folds."""
    folds = {
        each: list(_folds(features, target, *each))
        for each in itertools.product(OPTIONS["features"], OPTIONS["scaling"])
    }
    return [{**member, "error": _error(folds, **member)} for member in MEMBERS]


def _folds(features: pd.DataFrame, target: pd.Series, share: int, scaling: str) -> Iterator[Fold]:
    """Columns as numbers for training and validation, learned from the training rows alone."""
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(features, target):
        columns = _columns(scaling, share)
        fitted = columns.fit_transform(features.iloc[train], target.iloc[train])
        yield (
            fitted, target.iloc[train].to_numpy(),
            columns.transform(features.iloc[test]), target.iloc[test].to_numpy(),
        )  # fmt: skip


def _columns(scaling: str, share: int) -> Any:
    scaler: Any = (
        StandardScaler() if scaling == "standard"
        else QuantileTransformer(n_quantiles=100, output_distribution="normal", random_state=0)
    )  # fmt: skip
    words = OneHotEncoder(max_categories=10, handle_unknown="infrequent_if_exist",
                          sparse_output=False)  # fmt: skip
    numbers = make_column_selector(dtype_include="number")
    kinds = ColumnTransformer(
        [("numbers", make_pipeline(SimpleImputer(), scaler), numbers)],
        remainder=words,
    )
    return make_pipeline(kinds, VarianceThreshold(), SelectPercentile(percentile=share))


def _error(folds: dict[tuple[int, str], list[Fold]], **member: Any) -> float:
    found = []
    for train, answers, test, truth in folds[member["features"], member["scaling"]]:
        weights = None if member["weights"] == "equal" else "balanced"
        model = SVC(C=member["C"], gamma=member["gamma"], class_weight=weights)
        found.append(balanced_accuracy_score(truth, model.fit(train, answers).predict(test)))
    return 1 - float(np.mean(found))


def rows_of(data_set: DataSet) -> tuple[pd.DataFrame, pd.Series]:
    """At most ROWS rows, with the classes' shares: features and the target."""
    frame = read(data_set)
    if len(frame) > ROWS:
        frame, _ = train_test_split(
            frame, train_size=ROWS, stratify=frame[data_set.target], random_state=0
        )
    return frame.drop(columns=data_set.target), frame[data_set.target]


def main(
    out: Annotated[Path, typer.Option(help="Parquet file; it goes on where that ends.")],
) -> None:
    warnings.filterwarnings("ignore")
    table = pd.read_parquet(out) if out.exists() else pd.DataFrame({"data_set": []})
    for each in DATA_SETS:
        if each.name not in set(table.data_set):
            new = pd.DataFrame(errors(*rows_of(each))).assign(data_set=each.name)
            table = pd.concat([table, new], ignore_index=True) if len(table) else new
            table.to_parquet(out)
            print(f"{each.name}: {new.error.min():.3f} to {new.error.max():.3f}", flush=True)


if __name__ == "__main__":
    typer.run(main)
