"""Reads an earlier study from MLflow, as data for a new one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError, finite
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.store.database import database_path
from automl_on_ray.tracking.store.recorded_trials import json_of, last_step, newest_study, trials_of
from automl_on_ray.tracking.store.server import connect, find_studies

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

EXPLOITED = "pbt.generation"


def earlier_study(uri: str, name: str) -> str:
    """The id of the newest study of that name. UserError if there is none; nothing is made."""
    path = database_path(uri)
    if path is not None and not path.exists():
        raise UserError(f"There is no study {name!r} in {uri}: nothing is stored there yet.")
    return str(newest_study(connect(uri), uri, name).data.tags["automl.study_id"])


def earlier_data(uri: str, study_id: str) -> tuple[str, str]:
    """Name and digest of the data that a study was on; "" for what is not known."""
    for run in find_studies(connect(uri), study_id):
        told = run.inputs.dataset_inputs if run.inputs else []
        for one in told:
            return str(one.dataset.name), str(one.dataset.digest or "")
        return run.data.params.get("dataset", ""), ""
    return "", ""


def earlier_trials(
    uri: str, study_id: str, metrics: Sequence[str], role: str = "trial"
) -> list[tuple[Config, dict[int, dict[str, float]]]]:
    """Configs, and at each step the values of all `metrics`, of trials that reported them.

    Of trials of that `role`; not of those that failed or diverged, nor that took over
    another's checkpoint, or were replayed: these are not the work of one config.
    """
    client = connect(uri)
    studies = find_studies(client, study_id)
    if not studies or studies[0].data.params.get("scheduler") == "replay":
        return []
    found = []
    for run in trials_of(client, studies[0], role):
        tags = run.data.tags
        curve = _curve(client, run, metrics)
        if curve and EXPLOITED not in tags and tags.get("automl.outcome") != "failed":
            found.append((json_of(client, run, "config.json"), curve))
    return found


def _curve(
    client: "MlflowClient", run: "Run", metrics: Sequence[str]
) -> dict[int, dict[str, float]]:
    """Each metric as it was reported last, at steps that reported one; the last step is the run's.

    Empty if a value is not finite, or a metric was never reported.
    """
    values = {
        metric: {
            report.step: report.value
            for report in client.get_metric_history(run.info.run_id, mlflow_name(metric))
        }
        for metric in metrics
    }
    if any(finite(value) is None for each in values.values() for value in each.values()):
        return {}
    curve: dict[int, dict[str, float]] = {}
    last: dict[str, float] = {}
    for step in sorted({step for each in values.values() for step in each}):
        last = {**last, **{metric: each[step] for metric, each in values.items() if step in each}}
        if len(last) == len(values):
            curve[step] = last
    return {**curve, last_step(run): last} if curve else {}
