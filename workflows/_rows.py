"""A study's trials as rows: what is left of them when Ray has gone."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces._objective import Objective
from automl_on_ray.tracking._description import best_first
from automl_on_ray.tracking._study import TrialRow


@dataclass(frozen=True)
class Row(TrialRow):
    """With the line that names the error of a failed trial."""

    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def row_of(trial: Trial, *, max_t: int, stopped: bool = False) -> Row:
    """`stopped`: the user or a budget ended the study while the trial was at work."""
    result = trial.last_result or {}
    steps = int(result.get("training_iteration", 0))
    if trial.status == Trial.ERROR:
        outcome = "failed"
    elif stopped or trial.status != Trial.TERMINATED or not steps:
        outcome = "stopped"
    else:
        outcome = "completed" if steps >= max_t else "pruned"
    numbers = {
        key: float(value)
        for key, value in result.items()
        if isinstance(value, int | float | np.number) and not isinstance(value, bool)
    }
    return Row(trial.trial_id, dict(trial.config), numbers, outcome, steps, first_error(trial))


def first_error(trial: Trial) -> str | None:
    """The line that names a failed trial's error: the last of its traceback that is not Ray's."""
    if trial.status != Trial.ERROR:
        return None
    path = trial.error_file
    text = Path(path).read_text(errors="replace") if path and Path(path).exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line or ":" in line), "unknown")


def scored(rows: Iterable[Row], objectives: Sequence[Objective]) -> list[Row]:
    """Rows that have every objective as a finite number, best first by the first objective.

    As MLflow's description has them.
    """
    return best_first(rows, objectives)


def pareto_front(rows: Sequence[Row], objectives: Sequence[Objective]) -> list[Row]:
    """Scored rows that no other matches in every objective and beats in one."""
    values = np.array([[o.sign() * r.metrics[o.metric] for o in objectives] for r in rows])
    return [
        row
        for row, value in zip(rows, values, strict=True)
        if not ((values >= value).all(axis=1) & (values > value).any(axis=1)).any()
    ]
