"""What any search must beat: a constant, a linear model and boosting, all with defaults."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from benchmarks.tabular._exchange import Asked, counted, read_asked, write_answer

WORDS = make_column_selector(dtype_include=["object", "string", "category"])
NUMBERS = make_column_selector(dtype_include=["number", "bool"])
MOST_CATEGORIES = 250  # boosting takes 255; beyond, the rare ones are one


def estimator(asked: Asked, features: pd.DataFrame) -> Any:
    """Takes such a frame, and words or numbers as target. KeyError for an unknown way."""
    make = {"constant": _constant, "linear": _linear, "boosting": _boosting}[asked.way]
    return make(asked, features)


def _constant(asked: Asked, _: pd.DataFrame) -> Any:
    return DummyClassifier(strategy="prior") if asked.classes else DummyRegressor()


def _linear(asked: Asked, _: pd.DataFrame) -> Any:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
    model = LogisticRegression(max_iter=1_000) if asked.classes else RidgeCV()
    return make_pipeline(make_column_transformer((numbers, NUMBERS), (words, WORDS)), model)


def _boosting(asked: Asked, features: pd.DataFrame) -> Any:
    """It is told which columns are categories: those of words, which come first."""
    words = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan,
        max_categories=MOST_CATEGORIES,
    )  # fmt: skip
    kind: Any = HistGradientBoostingClassifier if asked.classes else HistGradientBoostingRegressor
    return make_pipeline(
        make_column_transformer((words, WORDS), ("passthrough", NUMBERS)),
        kind(categorical_features=list(range(len(WORDS(features)))), random_state=asked.seed),
    )


def main(folder: Path) -> None:
    asked, train, test = read_asked(folder)
    facts: dict[str, Any] = {"models": 1, "chosen": asked.way}
    features = train.drop(columns=asked.target)
    model = estimator(asked, features)
    with counted(facts, "search_seconds"):
        model.fit(features, train[asked.target].to_numpy())
    with counted(facts, "predict_seconds"):
        predictions = model.predict_proba(test) if asked.classes else model.predict(test)
    write_answer(folder, predictions, facts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
