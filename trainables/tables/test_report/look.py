"""The one look at the test part: what was won, how sure that is, and what it rests on."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from automl_on_ray.trainables.tables.metrics import METRICS, Interval, bootstrap, scores
from automl_on_ray.trainables.tables.table import Table
from automl_on_ray.trainables.tables.test_report.calibration import calibration_of
from automl_on_ray.trainables.tables.test_report.confusion import confusion_of
from automl_on_ray.trainables.tables.test_report.importance import importance_of
from automl_on_ray.trainables.tables.test_report.report import Compared, TableReport
from automl_on_ray.trainables.tables.test_report.what_did_not_help import Tried, what_did_not_help

CONSTANT, LINEAR, SINGLE, ENSEMBLE = "constant", "linear", "best single", "ensemble"
SECONDS = 20.0  # for importance
MOST_POINTS = 1_000  # of a regression, drawn
TIMED_ROWS = 1_000

Predict = Callable[[pd.DataFrame], np.ndarray]


def look_at_test(
    table: Table,
    predictors: Mapping[str, Predict],
    *,
    metric: str,
    tried: Sequence[Tried] = (),
    members: Mapping[str, float],
    seed: int = 0,
    seconds: float = SECONDS,
) -> TableReport:
    """Of `predictors` by name, the last is the one that the study gives; to be called once.

    Each takes a frame of raw columns and gives (n, classes) probabilities or (n,) values. The
    constant is added. `seconds` bound what is measured of importance.
    """
    last, answers = list(predictors)[-1], table.test_answers
    told = {CONSTANT: constant(table, metric)}
    told |= {name: predict(table.test_features) for name, predict in predictors.items()}
    seconds_of = {name: _seconds(predict, table) for name, predict in predictors.items()}
    mattered = importance_of(predictors[last], table, metric=metric, seed=seed, seconds=seconds)
    measured = {one.column for one in mattered}
    groups = table.test_groups
    better, classifies = METRICS[table.task][metric], bool(table.classes)
    return TableReport(
        target=table.target,
        task=table.task,
        metric=metric,
        better=better,
        rows=len(answers),
        compared=_compared(table, told, metric, seconds_of, seed),
        importance=mattered,
        not_measured=tuple(name for name in table.kinds if name not in measured),
        calibration=calibration_of(told[last], answers, table.classes, groups)
        if classifies else None,
        confusion=confusion_of(told[last], answers, table.classes) if classifies else None,
        points=() if classifies else _points(answers, told[last], seed),
        members=dict(members),
        models={one.trial: str(one.config.get("model", "")) for one in tried
                if one.trial in members},
        behind=what_did_not_help(tried, better),
        group=table.asked.get("group") or "",
        groups=None if groups is None else len(np.unique(groups)),
    )  # fmt: skip


def _compared(
    table: Table,
    told: Mapping[str, np.ndarray],
    metric: str,
    seconds: Mapping[str, float],
    seed: int,
) -> tuple[Compared, ...]:
    """With the gain of each over the constant and the linear model, if they stand before it."""
    drawn = bootstrap(table.task, table.test_answers, told, metric, seed, groups=table.test_groups)
    sign = 1 if METRICS[table.task][metric] == "max" else -1
    names, found = list(told), []
    for place, name in enumerate(names):
        gains = {
            other: _gain(drawn.differences[other, name], -sign)
            for other in names[:place]
            if other in (CONSTANT, LINEAR)
        }
        found.append(
            Compared(
                name, scores(table.task, table.test_answers, told[name]), drawn.scores[name],
                gains, seconds.get(name),
            )
        )  # fmt: skip
    return tuple(found)


def _gain(difference: Interval, sign: int) -> Interval:
    """`sign` of it: its ends change places where that is negative."""
    low, high = sorted((sign * difference.low, sign * difference.high))
    return Interval(sign * difference.value, low, high)


def constant(table: Table, metric: str) -> np.ndarray:
    """For each test row the same: the classes' shares of the training rows, or their mean.

    The median for the mean absolute error, which it is best for.
    """
    rows = len(table.test_answers)
    if table.classes:
        shares = np.bincount(table.answers, minlength=len(table.classes)) / len(table.answers)
        return np.tile(shares, (rows, 1))
    middle = np.median(table.answers) if metric == "mae" else np.mean(table.answers)
    return np.full(rows, float(middle))


def _seconds(predict: Predict, table: Table) -> float:
    """For 1,000 rows, once the model has answered before."""
    rows = table.test_features.iloc[:TIMED_ROWS]
    began = time.perf_counter()
    predict(rows)
    return (time.perf_counter() - began) * 1000 / len(rows)


def _points(answers: np.ndarray, values: np.ndarray, seed: int) -> tuple[tuple[float, float], ...]:
    rows = np.random.default_rng(seed).permutation(len(answers))[:MOST_POINTS]
    return tuple((float(answers[row]), float(values[row])) for row in rows)
