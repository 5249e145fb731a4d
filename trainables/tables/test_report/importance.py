"""How much worse the answers are without a column: permutation importance (Breiman 2001)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.metrics import mutual_info_score

from automl_on_ray.trainables.tables.ensemble import LOSSES

MOST_ROWS = 2_000
REPEATS = 200  # of the bootstrap
TIMES = 10  # that a column is shuffled, if the rows are few
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
    predict: Predict,
    features: pd.DataFrame,
    answers: np.ndarray,
    *,
    metric: str,
    columns: Sequence[str],
    seed: int,
    seconds: float,
) -> tuple[Importance, ...]:
    """Of raw `columns`, as many in their order as `seconds` allow; the greatest first.

    At most `MOST_ROWS` rows are used, drawn by `seed`. Of fewer rows, each column is shuffled
    several times.
    """
    generator = np.random.default_rng(seed)
    rows = np.sort(generator.permutation(len(answers))[:MOST_ROWS])
    features, answers = features.iloc[rows].reset_index(drop=True), answers[rows]
    times = int(np.clip(MOST_ROWS // len(rows), 1, TIMES))
    tiled = pd.concat([features] * times, ignore_index=True)
    began, base, shuffled = time.monotonic(), predict(features), []
    for column in columns:
        if time.monotonic() - began > seconds:
            break
        orders = [generator.permutation(len(rows)) for _ in range(times)]
        mixed = features[column].iloc[np.concatenate(orders)].reset_index(drop=True)
        shuffled.append(predict(tiled.assign(**{column: mixed})).reshape(times, *base.shape))
    found = _losses(base, shuffled, answers, metric, generator)
    known = [Importance(name, *values) for name, values in zip(columns, found, strict=False)]
    return tuple(sorted(known, key=lambda one: -one.loss))


def _losses(
    base: np.ndarray,
    shuffled: Sequence[np.ndarray],
    answers: np.ndarray,
    metric: str,
    generator: np.random.Generator,
) -> list[tuple[float, float, float]]:
    """Of each column: what is lost, and the interval."""
    if not shuffled:
        return []
    times = len(shuffled[0])
    stack = np.concatenate([base[None], *shuffled])
    rows = len(answers)
    draws = [np.arange(rows), *(generator.integers(0, rows, rows) for _ in range(REPEATS))]
    lost = []
    for drawn in draws:
        losses = LOSSES[metric](stack[:, drawn], answers[drawn])
        lost.append(losses[1:].reshape(-1, times).mean(axis=1) - losses[0])
    own, again = lost[0], np.array(lost[1:])
    low, high = np.percentile(again, [2.5, 97.5], axis=0)
    return [(float(o), float(a), float(b)) for o, a, b in zip(own, low, high, strict=True)]


def most_telling(features: pd.DataFrame, answers: np.ndarray, *, seed: int) -> list[str]:
    """The columns, first what alone tells most of the answers (mutual information, in bins)."""
    rows = np.random.default_rng(seed).permutation(len(answers))[:MOST_ROWS]
    truth = _binned(pd.Series(answers[rows]))
    told = {
        str(name): mutual_info_score(truth, _binned(features[name].iloc[rows]))
        for name in features.columns
    }
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
