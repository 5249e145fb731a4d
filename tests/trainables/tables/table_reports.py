"""What a study of a table may have found, made by a formula: what it should say is known."""

import numpy as np

from automl_on_ray.trainables.tables import Interval
from automl_on_ray.trainables.tables.test_report import (
    Behind,
    Compared,
    Importance,
    TableReport,
    calibration_of,
    confusion_of,
)

GAIN = {"constant": Interval(0.35, 0.31, 0.38), "linear": Interval(0.02, 0.005, 0.04)}
COMPARED = (
    Compared("constant", {"auc": 0.5}, Interval(0.5, 0.5, 0.5), {}, None),
    Compared("linear", {"auc": 0.83}, Interval(0.83, 0.80, 0.86), {}, 0.003),
    Compared("best single", {"auc": 0.84}, Interval(0.84, 0.81, 0.87), GAIN, 0.02),
    Compared("ensemble", {"auc": 0.85}, Interval(0.85, 0.82, 0.88), GAIN, 0.08),
)
BEHIND = (
    Behind("model = neighbours", 0.71, 0.13, 2, 3),
    Behind("model = network", None, None, 0, 4),
    Behind("encoding = ordinal", 0.82, 0.02, 1, 0),
)


def classes_report(classes=("no", "yes"), *, rows=600, seed=0):
    """Probabilities that are right; the columns are a, b, ..."""
    generator = np.random.default_rng(seed)
    given = generator.dirichlet(np.ones(len(classes)) / 2, rows)
    answers = np.array([generator.choice(len(classes), p=row) for row in given])
    columns = tuple(
        Importance(name, loss, loss - 0.01, loss + 0.01)
        for name, loss in (("tenure", 0.08), ("plan of the customer", 0.03), ("state", 0.002))
    )
    return TableReport(
        target="churn", task="binary" if len(classes) == 2 else "multiclass", metric="auc",
        better="max", rows=rows, compared=COMPARED, importance=columns, not_measured=("zip",),
        calibration=calibration_of(given, answers, classes),
        confusion=confusion_of(given, answers, classes), points=(),
        members={"t_00003": 0.75, "t_00001": 0.25}, models={"t_00003": "boosting"}, behind=BEHIND,
    )  # fmt: skip


def values_report(*, rows=400, seed=0):
    generator = np.random.default_rng(seed)
    true = generator.normal(12, 0.4, rows)
    compared = tuple(
        Compared(one.name, {"rmse": 0.16}, Interval(0.16, 0.14, 0.18), one.gain_over,
                 one.seconds)
        for one in COMPARED
    )  # fmt: skip
    pairs = zip(true.tolist(), (true + generator.normal(0, 0.15, rows)).tolist(), strict=True)
    return TableReport(
        target="price", task="regression", metric="rmse", better="min", rows=rows,
        compared=compared, importance=(), not_measured=(), calibration=None, confusion=None,
        points=tuple(pairs), members={"t_00001": 1.0}, models={}, behind=(),
    )  # fmt: skip
