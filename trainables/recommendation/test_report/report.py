"""What a study of a recommender found out on its test part, as data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


class Interval(NamedTuple):
    """A mean over users, with the interval that 95 % of the bootstrap's repeats are in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """A recommender on the test part.

    `scores` are all metrics; `interval` is that of the report's metric. `lead` is how much more of
    it what was found has, in pairs of the same users; None for itself. `seconds` are for 1,000
    users.
    """

    name: str
    config: Mapping[str, Any]
    scores: Mapping[str, float]
    interval: Interval
    lead: Interval | None
    seconds: float


@dataclass(frozen=True)
class Activity:
    """Users with `low` to `high` events before the test part: each recommender's mean, by name."""

    low: int
    high: int
    users: int
    means: Mapping[str, float]


@dataclass(frozen=True)
class Shown:
    """An item: the share of users it is recommended to, and of those who had it before."""

    item: str
    recommended: float
    known: float


@dataclass(frozen=True)
class RecommendReport:
    """What a study of a recommender found out on its test part; JSON by `as_dict`.

    `users` were asked, and all `items` ranked for each. The last of `compared` is what was found;
    the others are the classical methods. `same_as` is the one of these that was found, if it was.
    `activity` has users by how many events they had, `shown` what was recommended most.
    """

    metric: str
    split: str
    users: int
    items: int
    compared: tuple[Compared, ...]
    same_as: str | None
    activity: tuple[Activity, ...]
    shown: tuple[Shown, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "RecommendReport":
        """The report whose `as_dict` this is, perhaps read from JSON."""
        read = {
            "compared": tuple(_compared(one) for one in data["compared"]),
            "activity": tuple(Activity(**one) for one in data["activity"]),
            "shown": tuple(Shown(**one) for one in data["shown"]),
        }
        return cls(**{**data, **read})

    @property
    def found(self) -> Compared:
        return self.compared[-1]

    def metrics(self) -> dict[str, float]:
        """For MLflow: those of what was found, with the interval, and its leads."""
        found = self.found
        told = {f"test_{name}": value for name, value in found.scores.items()}
        told[f"test_{self.metric}_low"] = found.interval.low
        told[f"test_{self.metric}_high"] = found.interval.high
        for one in self.compared[:-1]:
            if one.lead is not None:
                told[f"test_lead_over_{one.name.replace(' ', '_')}"] = one.lead.value
        return {**told, "predict_seconds": found.seconds}


def _compared(data: Mapping[str, Any]) -> Compared:
    lead = data["lead"]
    intervals = {"interval": Interval(*data["interval"]), "lead": lead and Interval(*lead)}
    return Compared(**{**data, **intervals})
