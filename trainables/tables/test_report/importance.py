"""How much worse the answers are without a column: permutation importance (Breiman 2001)."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import mutual_info_score

from automl_on_ray.trainables.tables.metrics import interval_of, loss_of, units_of
from automl_on_ray.trainables.tables.table import Table

MOST_ROWS, LEAST_ROWS = 2_000, 300
ALL_ROWS = 40_000  # that are answered for all columns, if these are few enough
AT_ONCE = 10_000  # rows in a call, since each call takes its time too
REPEATS = 200  # of the bootstrap
TIMES = 3  # that a column is shuffled, if the rows are few
BINS = 12

Predict = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class Importance:
    """What the metric loses, in its own unit, if the column's values change their rows.

    `low` and `high` are a 95 % interval: the percentiles of a bootstrap over the rows,
    or over their groups.
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
    most `MOST_ROWS` rows are used, drawn by `seed`, and fewer for many columns. Where the test part
    has less than that, a column is shuffled several times.
    """
    generator = np.random.default_rng(seed)
    most = int(np.clip(ALL_ROWS // len(table.kinds), LEAST_ROWS, MOST_ROWS))
    rows = np.sort(generator.permutation(len(table.test_answers))[:most])
    times = int(np.clip(most // len(rows), 1, TIMES))
    tiled = pd.concat([table.test_features.iloc[rows]] * times, ignore_index=True)
    units, count = units_of(
        len(rows), None if table.test_groups is None else table.test_groups[rows]
    )
    weights = generator.multinomial(count, np.full(count, 1 / count), size=REPEATS)[:, units]
    weights = np.vstack([np.ones(len(rows), int), weights])
    answers = table.test_answers[rows]

    def losses(predictions: np.ndarray) -> np.ndarray:
        parts = np.split(predictions, times)
        found = [loss_of(table.task, metric, answers, part, weights) for part in parts]
        return np.mean(found, axis=0)

    def shuffled(column: str) -> pd.DataFrame:
        places = np.concatenate([generator.permutation(len(rows)) for _ in range(times)])
        return tiled.assign(**{column: tiled[column].iloc[places].reset_index(drop=True)})

    began, base, found = time.monotonic(), losses(predict(tiled)), []
    for columns in _batches(_most_telling(table, seed), max(1, AT_ONCE // len(tiled))):
        if time.monotonic() - began > seconds:
            break
        told = predict(pd.concat([shuffled(name) for name in columns], ignore_index=True))
        for column, part in zip(columns, np.split(told, len(columns)), strict=True):
            lost = losses(part) - base
            found.append(Importance(column, *interval_of(float(lost[0]), lost[1:], count)))
    return tuple(sorted(found, key=lambda one: -one.loss))


def _batches(columns: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for at in range(0, len(columns), size):
        yield columns[at : at + size]


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
