"""Finds a study and its trials in MLflow."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.files import fetch_file
from automl_on_ray.tracking.store.mlflow_internals import last_metrics
from automl_on_ray.tracking.store.server import find_runs, find_studies, of_study

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient


def newest_study(client: "MlflowClient", uri: str, name: str) -> "Run":
    """The newest study of that name. UserError if there is none."""
    studies = find_studies(client)
    found = next((run for run in studies if run.info.run_name == name), None)
    if found is None:
        names = ", ".join(dict.fromkeys(str(run.info.run_name) for run in studies)) or "none"
        raise UserError(f"There is no study {name!r} at {uri}; there are: {names}.")
    return found


def json_of(client: "MlflowClient", run: "Run", file: str) -> Any:
    """What a JSON file kept with a run holds."""
    return json_at(client, str(run.info.artifact_uri), file)


def json_at(client: "MlflowClient", place: str, file: str) -> Any:
    """What a JSON file holds that is kept with a run whose files are at `place`."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    store = get_artifact_repository(place, tracking_uri=client.tracking_uri)
    with tempfile.TemporaryDirectory() as folder:
        return json.loads(fetch_file(store, file, Path(folder)).read_text())


def json_in(text: str | None) -> Any:
    """What a tag holds, that anybody may have changed; None where it is no JSON."""
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        return None


def last_step(run: "Run") -> int:
    """Of all that a trial has reported."""
    return max((metric.step for metric in last_metrics(run)), default=0)


def trials_of(client: "MlflowClient", study: "Run", role: str = "trial") -> list["Run"]:
    """Those of a role, in the order in which they began."""
    condition = f"{of_study(study.data.tags['automl.study_id'])} AND tags.`automl.role` = '{role}'"
    return find_runs(client, condition, [study.info.experiment_id], "attributes.start_time ASC")
