"""A study's trials as rows, which stay when Ray has gone."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from automl_on_ray.search_spaces.core import ENDED_BY_ITSELF, INFEASIBLE, Objective, last_reported
from automl_on_ray.tracking import TrialRow, error_line, error_text
from automl_on_ray.tracking.reports import best_first

if TYPE_CHECKING:  # seconds, also where studies are only read
    from ray.tune.experiment import Trial

RowT = TypeVar("RowT", bound=TrialRow)


@dataclass(frozen=True)
class Row(TrialRow):
    """With the line that names the error of a failed trial, and where is what it has printed."""

    error: str | None = None
    printed: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def row_of(trial: "Trial", *, max_t: int, stopped: bool = False) -> Row:
    """Metrics are each as it was reported last; nested ones have names such as `val/score`.

    `stopped`: the user or a budget ended the study while the trial was at work.
    """
    from automl_on_ray.trainables import printed_by

    outcome = outcome_of(trial, max_t=max_t, stopped=stopped)
    steps = int((trial.last_result or {}).get("training_iteration", 0))
    last = {key: last_reported(trial, key) for key in trial.run_metadata.metric_analysis}
    numbers = {key: value for key, value in last.items() if value is not None}
    printed = printed_by(trial)[0] if outcome == "failed" else ""
    return Row(
        trial.trial_id, dict(trial.config), numbers, outcome, steps, error_of(trial), printed
    )


def outcome_of(trial: "Trial", *, max_t: int, stopped: bool) -> str:
    """One of "completed", "pruned", "infeasible", "failed", "stopped"; see `row_of`."""
    result = trial.last_result or {}
    steps = int(result.get("training_iteration", 0))
    if trial.status == trial.ERROR:
        return "failed"
    if INFEASIBLE in result:
        return "infeasible"
    if stopped or trial.status != trial.TERMINATED or not steps:
        return "stopped"
    return "completed" if steps >= max_t or ENDED_BY_ITSELF in result else "pruned"


def error_of(trial: "Trial") -> str | None:
    """The line that names a failed trial's error."""
    return error_line(error_text(trial)) if trial.status == trial.ERROR else None


def scored(rows: Iterable[RowT], objectives: Sequence[Objective]) -> list[RowT]:
    """Rows that have every objective as a finite number, best first by the first objective.

    As MLflow's description has them.
    """
    return best_first(rows, objectives)


def pareto_front(rows: Sequence[RowT], objectives: Sequence[Objective]) -> list[RowT]:
    """Scored rows that no other matches in every objective and beats in one."""
    values = np.array([[o.sign() * r.metrics[o.metric] for o in objectives] for r in rows])
    return [
        row
        for row, value in zip(rows, values, strict=True)
        if not ((values >= value).all(axis=1) & (values > value).any(axis=1)).any()
    ]
