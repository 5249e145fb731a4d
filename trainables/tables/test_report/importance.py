"""How much worse the answers are without a column: permutation importance (Breiman 2001)."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import mutual_info_score

from automl_on_ray.trainables.tables.metrics import loss_of
from automl_on_ray.trainables.tables.table import Table

MOST_ROWS = 2_000
REPEATS = 200  # of the bootstrap
TIMES = 3  # that a column is shuffled, if the rows are few
BINS = 12

Predict = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class Importance:
    """What the metric loses, in its own unit, if the column's values change their rows.

    `low` and `high` are a 95 % interval: the percentiles of a bootstrap over the rows.
    """

    column: str
    loss: float
    low: float
    high: float


def importance_of(
    predict: Predict, table: Table, *, metric: str, seed: int, seconds: float
) -> tuple[Importance, ...]:
    """Of the raw columns on test rows, the greatest first.

    First are measured those that alone tell most of the answers, and all that `seconds` allow. At
    most `MOST_ROWS` rows are used, drawn by `seed`. Of fewer, a column is shuffled several times.
    """
    generator = np.random.default_rng(seed)
    rows = np.sort(generator.permutation(len(table.test_answers))[:MOST_ROWS])
    features, answers = table.test_features.iloc[rows].reset_index(drop=True), table.test_answers
    weights = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=REPEATS)
    weights = np.vstack([np.ones(len(rows), int), weights])

    def losses(predictions: np.ndarray) -> np.ndarray:
        return loss_of(table.task, metric, answers[rows], predictions, weights)

    times = int(np.clip(MOST_ROWS // len(rows), 1, TIMES))
    tiled = pd.concat([features] * times, ignore_index=True)
    began, base, found = time.monotonic(), losses(predict(features)), []
    for column in _most_telling(table, seed):
        if time.monotonic() - began > seconds:
            break
        places = np.concatenate([generator.permutation(len(rows)) for _ in range(times)])
        mixed = features[column].iloc[places].reset_index(drop=True)
        answered = np.split(predict(tiled.assign(**{column: mixed})), times)
        lost = np.mean([losses(one) for one in answered], axis=0) - base
        low, high = np.nanquantile(lost[1:], [0.025, 0.975])
        found.append(Importance(column, float(lost[0]), float(low), float(high)))
    return tuple(sorted(found, key=lambda one: -one.loss))


def _most_telling(table: Table, seed: int) -> list[str]:
    """The columns by the mutual information of each, in bins, with the answers; of train rows."""
    rows = np.random.default_rng(seed).permutation(len(table.answers))[:MOST_ROWS]
    truth = _binned(pd.Series(table.answers[rows]))
    part = table.features.iloc[rows]
    told = {name: mutual_info_score(truth, _binned(part[name])) for name in part.columns}
    return sorted(told, key=lambda name: -told[name])


def _binned(values: pd.Series) -> np.ndarray:
    """Codes of few values: numbers and dates by rank, words the commonest ones; -1 is missing."""
    if values.nunique() <= BINS:
        return pd.factorize(values)[0]
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values):
        ranks = values.rank(pct=True)
        return np.nan_to_num(np.floor(ranks.to_numpy() * (BINS - 1)), nan=-1)
    common = values.value_counts().index[: BINS - 1]
    return pd.factorize(values.where(values.isin(common)))[0]
