"""What a study of forecasts found out on its test part, as data."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from automl_on_ray.studies.forecasting.intervals import Interval


@dataclass(frozen=True)
class Compared:
    """A way to forecast, on the test part.

    `scores` are all metrics; `interval` is that of the report's metric. `gain_over` the baselines
    is positive where this one is better, in pairs of the same series. `by_step` is the mean
    absolute scaled error at each step of the horizon, None where no truth is known. `below` is the
    share of the truth at or below each level. `seconds` are for 1,000 series.
    """

    name: str
    scores: Mapping[str, float]
    interval: Interval
    gain_over: Mapping[str, Interval]
    by_step: tuple[float | None, ...]
    below: tuple[float, ...]
    seconds: float | None = None


@dataclass(frozen=True)
class Example:
    """A series with its end: `times` of `past` and `truth` together, None where not known.

    `low`, `middle` and `high` are what is given, at the levels 0.1, 0.5 and 0.9; `baseline` is the
    middle of the best baseline.
    """

    series: str
    times: tuple[str, ...]
    past: tuple[float | None, ...]
    truth: tuple[float | None, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]
    baseline: tuple[float, ...]


@dataclass(frozen=True)
class ForecastReport:
    """What a study of forecasts found out on the last `horizon` steps of `series` series.

    JSON by `as_dict`. Of `compared`, those in `baselines` come first, and the last is what the
    study gives. `best_baseline` has the least `metric` of them on the test part. `members` are the
    ensemble's weights by trial, `models` what each of them fits.
    """

    metric: str
    series: int
    horizon: int
    season: int
    levels: tuple[float, ...]
    baselines: tuple[str, ...]
    best_baseline: str
    compared: tuple[Compared, ...]
    examples: tuple[Example, ...]
    members: Mapping[str, float]
    models: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "ForecastReport":
        """The report whose `as_dict` this is, perhaps read from JSON."""
        return cls(
            **{key: _READ[key](value) if key in _READ else value for key, value in data.items()}
        )

    def named(self, name: str) -> Compared:
        """KeyError if it was not compared."""
        return {one.name: one for one in self.compared}[name]

    def metrics(self) -> dict[str, float]:
        """For MLflow: those of what is given, the report's own first, and its gains."""
        given = self.compared[-1]
        names = sorted(given.scores, key=lambda name: name != self.metric)
        told: dict[str, float | None] = {f"test_{name}": given.scores[name] for name in names}
        told[f"test_{self.metric}_low"] = given.interval.low
        told[f"test_{self.metric}_high"] = given.interval.high
        for name, gain in given.gain_over.items():
            told[f"test_gain_over_{name.replace(' ', '_').lower()}"] = gain.value
        told["predict_seconds"] = given.seconds
        return {k: v for k, v in told.items() if v is not None and math.isfinite(v)}


def _compared(data: Mapping[str, Any]) -> Compared:
    gains = {name: Interval(**ends) for name, ends in data["gain_over"].items()}
    own = {"interval": Interval(**data["interval"]), "gain_over": gains,
           "by_step": tuple(data["by_step"]), "below": tuple(data["below"])}  # fmt: skip
    return Compared(**{**data, **own})


def _example(data: Mapping[str, Any]) -> Example:
    read: dict[str, Any] = {k: v if isinstance(v, str) else tuple(v) for k, v in data.items()}
    return Example(**read)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "compared": lambda rows: tuple(_compared(row) for row in rows),
    "examples": lambda rows: tuple(_example(row) for row in rows),
    "levels": tuple,
    "baselines": tuple,
}
