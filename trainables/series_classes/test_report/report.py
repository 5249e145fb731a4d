"""What a study of series found out on its test part, as data."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from automl_on_ray.trainables.tables import Interval
from automl_on_ray.trainables.tables.test_report import Compared, Confusion


@dataclass(frozen=True)
class Example:
    """A test series: its class, the answer, and the points of its first channel (thinned out)."""

    label: str
    said: str
    points: tuple[float, ...]


@dataclass(frozen=True)
class SeriesReport:
    """What a study found on its test part of so many `series`; JSON by `as_dict`.

    `better` says whether the `metric` is to be high ("max") or low. In `compared`, the classical
    ways come first and what the study gives is last; `gain_over` has those of the former.
    `members` are the weights by trial, `models` what each of them fits.
    """

    metric: str
    better: str
    series: int
    compared: tuple[Compared, ...]
    confusion: Confusion
    examples: tuple[Example, ...]
    members: Mapping[str, float]
    models: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "SeriesReport":
        """The report whose `as_dict` this is, perhaps read from JSON."""
        confusion = data["confusion"]
        read = {
            "compared": tuple(_compared(one) for one in data["compared"]),
            "confusion": Confusion(
                tuple(confusion["classes"]), tuple(map(tuple, confusion["counts"])),
                confusion["left_out"],
            ),
            "examples": tuple(
                Example(one["label"], one["said"], tuple(one["points"])) for one in data["examples"]
            ),
        }  # fmt: skip
        return cls(**{**data, **read})

    def metrics(self) -> dict[str, float]:
        """For MLflow: those of what the study gives, and its gains over the classical ways."""
        best = self.compared[-1]
        told = {f"test_{name}": value for name, value in best.scores.items()}
        told[f"test_{self.metric}_low"] = best.interval.low
        told[f"test_{self.metric}_high"] = best.interval.high
        for name, gain in best.gain_over.items():
            told[f"test_gain_over_{name.replace('-', '_')}"] = gain.value
        if best.seconds is not None:
            told["predict_seconds"] = best.seconds
        return {name: value for name, value in told.items() if math.isfinite(value)}


def _compared(data: Mapping[str, Any]) -> Compared:
    gains = {name: Interval(*ends) for name, ends in data["gain_over"].items()}
    return Compared(**{**data, "interval": Interval(*data["interval"]), "gain_over": gains})
