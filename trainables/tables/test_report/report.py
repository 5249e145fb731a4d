"""What a study of a table found out on its test part, as data."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from automl_on_ray.trainables.tables.metrics import Interval
from automl_on_ray.trainables.tables.test_report.calibration import Bin, Calibration
from automl_on_ray.trainables.tables.test_report.confusion import Confusion
from automl_on_ray.trainables.tables.test_report.importance import Importance
from automl_on_ray.trainables.tables.test_report.what_did_not_help import Behind


@dataclass(frozen=True)
class Compared:
    """A way to answer, on the test part.

    `scores` are all metrics; `interval` is that of the report's metric. `gain_over` the constant
    and the linear model has positive values where this one is better, in pairs of the same rows.
    `seconds` are for 1,000 rows; None for a constant.
    """

    name: str
    scores: Mapping[str, float]
    interval: Interval
    gain_over: Mapping[str, Interval]
    seconds: float | None


@dataclass(frozen=True)
class TableReport:
    """What a study of a table found out on its test part of `rows` rows; JSON by `as_dict`.

    `better` says whether the `metric` is to be high ("max") or low. `not_measured` are columns for
    whose importance there was no time. `points` are (true, predicted) of a regression's ensemble,
    at most 1,000; `calibration` and `confusion` are those of a classification's.
    `members` are the ensemble's weights by trial, `models` what each of them fits. Intervals are
    over the rows, or over so many `groups` of the column `group`.
    """

    target: str
    task: str
    metric: str
    better: str
    rows: int
    compared: tuple[Compared, ...]
    importance: tuple[Importance, ...]
    not_measured: tuple[str, ...]
    calibration: Calibration | None
    confusion: Confusion | None
    points: tuple[tuple[float, float], ...]
    members: Mapping[str, float]
    models: Mapping[str, str]
    behind: tuple[Behind, ...]
    group: str = ""
    groups: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "TableReport":
        """The report whose `as_dict` this is, perhaps read from JSON."""
        return cls(
            **{key: _READ[key](value) if key in _READ else value for key, value in data.items()}
        )

    def named(self, name: str) -> Compared:
        """KeyError if it was not compared."""
        found = {one.name: one for one in self.compared}
        return found[name]

    def metrics(self) -> dict[str, float]:
        """For MLflow: those of the ensemble, the report's own first, and its seconds and gains.

        Without what cannot be had, as the AUC of one class.
        """
        best = self.compared[-1]
        names = sorted(best.scores, key=lambda name: name != self.metric)
        told = {f"test_{name}": best.scores[name] for name in names}
        told[f"test_{self.metric}_low"] = best.interval.low
        told[f"test_{self.metric}_high"] = best.interval.high
        for name, gain in best.gain_over.items():
            told[f"test_gain_over_{name.replace(' ', '_')}"] = gain.value
        if best.seconds is not None:
            told["predict_seconds"] = best.seconds
        if self.calibration is not None:
            told["test_calibration_error"] = self.calibration.error
        return {name: value for name, value in told.items() if math.isfinite(value)}


def _compared(data: Mapping[str, Any]) -> Compared:
    gains = {name: Interval(*ends) for name, ends in data["gain_over"].items()}
    return Compared(**{**data, "interval": Interval(*data["interval"]), "gain_over": gains})


def _calibration(data: Mapping[str, Any] | None) -> Calibration | None:
    if data is None:
        return None
    return Calibration(**{**data, "bins": tuple(Bin(**one) for one in data["bins"])})


def _confusion(data: Mapping[str, Any] | None) -> Confusion | None:
    if data is None:
        return None
    counts = tuple(tuple(row) for row in data["counts"])
    return Confusion(tuple(data["classes"]), counts, data["left_out"])


_READ: Mapping[str, Callable[[Any], Any]] = {
    "compared": lambda rows: tuple(_compared(row) for row in rows),
    "importance": lambda rows: tuple(Importance(**row) for row in rows),
    "not_measured": tuple,
    "calibration": _calibration,
    "confusion": _confusion,
    "points": lambda rows: tuple((true, said) for true, said in rows),
    "behind": lambda rows: tuple(Behind(**row) for row in rows),
}
