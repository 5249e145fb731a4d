"""What a study says of itself at its end, kept in its folder: summary.json."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SUMMARY = "summary.json"
BEST_CONFIG = "best_config.json"  # beside it
TABLE_REPORT = "tested.json"  # what a study of a table found on its test part
SERIES_REPORT = "series_report.json"  # of a study of labelled series
FORECAST_REPORT = "forecast_report.json"  # the same of a study of forecasts
RECOMMEND_REPORT = "recommend_report.json"  # and one of a recommender


@dataclass(frozen=True)
class Summary:
    """`best` is the id of the best trial, `values` its objectives' by metric.

    `final` are the metrics of each repeat of its config. `verdict` says in words what the search of
    an architecture was worth. `model` is the registered model's URI, if there is one; `links` are
    MLflow's pages at `tracking_uri`. `exit_code` is the command's.
    """

    best: str | None = None
    values: dict[str, float] = field(default_factory=dict)
    final: list[dict[str, float]] = field(default_factory=list)
    verdict: list[str] = field(default_factory=list)
    model: str | None = None
    tracking_uri: str = ""
    links: dict[str, str] = field(default_factory=dict)
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_summary(folder: Path) -> Summary | None:
    """That of the study in `folder`; None before its end, or where it cannot be read."""
    try:
        return summary_of((folder / SUMMARY).read_bytes())
    except OSError:
        return None


def summary_of(text: bytes) -> Summary | None:
    """None where it cannot be read. What is of another type, or older, counts as missing."""
    try:
        stored = json.loads(text)
        usual = Summary().as_dict()
        return Summary(
            **{
                name: stored[name]
                for name, value in usual.items()
                if isinstance(stored.get(name), str if value is None else type(value))
            }
        )
    except (ValueError, TypeError, AttributeError):
        return None
