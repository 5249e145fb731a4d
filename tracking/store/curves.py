"""Recorded curves of a study's trials, from MLflow or from a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces.core import UserError, as_number, finite
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.store.recorded_trials import json_of, last_step, newest_study, trials_of
from automl_on_ray.tracking.store.server import connect

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

SECONDS = "epoch_seconds"


@dataclass(frozen=True)
class RecordedStep:
    """One report: the metric's value, and how many seconds it was after the one before.

    The value is None where the report was without it.
    """

    value: float | None
    seconds: float


@dataclass(frozen=True)
class Recording:
    """A study's curves, in the order in which its trials began.

    `slots` is how many trials ran at once, at most; 1 where a table does not tell.
    """

    name: str
    metric: str
    mode: str
    max_t: int
    scheduler: str
    slots: int
    curves: tuple[tuple[RecordedStep, ...], ...]


def recorded_study(uri: str, name: str) -> Recording:
    """The newest study of that name at `uri`. UserError if there is none, or no trial in it."""
    client = connect(uri)
    found = newest_study(client, uri, name)
    study = json_of(client, found, "study.json")
    metric, mode = study["objectives"][0]["metric"], study["objectives"][0]["mode"]
    trials = trials_of(client, found)
    curves = [_curve(client, run, mlflow_name(metric)) for run in trials]
    known = tuple(curve for curve in curves if curve)
    if not known:
        raise UserError(f"No trial of study {name!r} has reported {metric!r}.")
    return Recording(
        name, metric, mode, int(study["max_t"]), str(study["scheduler"]), _at_once(trials), known
    )


def recorded_table(path: Path, metric: str, mode: str) -> Recording:
    """A Parquet or CSV file with columns trial, step, the metric, and perhaps seconds.

    UserError if it cannot be read, lacks a column, or has no number for the metric.
    """
    import pyarrow.csv
    import pyarrow.parquet

    try:
        read = pyarrow.csv.read_csv if path.suffix == ".csv" else pyarrow.parquet.read_table
        rows: list[dict[str, Any]] = read(path).to_pylist()
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a table: {error}.") from error
    for column in ("trial", "step", metric):
        if not rows or column not in rows[0]:
            raise UserError(f"{path} has no column {column!r}, or no rows.")
    trials: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        trials.setdefault(row["trial"], []).append(row)
    curves = tuple(
        tuple(
            RecordedStep(as_number(row[metric]), float(row.get("seconds") or 1.0))
            for row in sorted(found, key=lambda row: row["step"])
        )
        for found in trials.values()
    )
    if all(finite(step.value) is None for curve in curves for step in curve):
        raise UserError(f"{path} has no number in its column {metric!r}.")
    return Recording(path.stem, metric, mode, max(map(len, curves)), "not told", 1, curves)


def _curve(client: "MlflowClient", run: "Run", metric: str) -> tuple[RecordedStep, ...]:
    if metric not in run.data.metrics:
        return ()
    reports = {m.step: m for m in client.get_metric_history(run.info.run_id, metric)}
    timed = client.get_metric_history(run.info.run_id, SECONDS)  # none, where nothing was timed
    seconds = {report.step: report.value for report in timed}
    steps, before, began = [], 0, run.info.start_time
    for step, report in sorted(reports.items()):
        each = (report.timestamp - began) / 1000 / (step - before)
        between = [RecordedStep(None, seconds.get(one, each)) for one in range(before + 1, step)]
        steps += [*between, RecordedStep(report.value, seconds.get(step, each))]
        before, began = step, report.timestamp
    after = range(before + 1, last_step(run) + 1)  # reports after the metric's last
    return (*steps, *(RecordedStep(None, seconds.get(one, steps[-1].seconds)) for one in after))


def _at_once(trials: Sequence["Run"]) -> int:
    events = sorted(
        event
        for run in trials
        for event in ((run.info.start_time, 1), (run.info.end_time or run.info.start_time + 1, -1))
    )
    running = most = 0
    for _, change in events:
        running += change
        most = max(most, running)
    return max(most, 1)
