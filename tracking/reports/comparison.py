"""A comparison of methods as one run of MLflow's: metrics, table, figure and page."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from automl_on_ray.search_spaces.core import check_id, warn
from automl_on_ray.tracking.files import as_json, log_file
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.reports.notes import NOTE, ours, placed
from automl_on_ray.tracking.store import (
    artifact_root,
    connect,
    database_path,
    find_experiment,
    in_short,
)

TAG = "automl.comparison_id"
MOST = 500  # metrics or params in one call


@dataclass(frozen=True)
class ComparisonReport:
    """`metrics` are by name, `files` by theirs; `note` is the description, in Markdown."""

    comparison_id: str
    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    note: str = ""


def log_comparison(uri: str, experiment: str, report: ComparisonReport) -> bool:
    """Write it, over what is there of the same comparison; False, with a warning, if that fails."""
    from mlflow.entities import Metric, Param, RunTag

    check_id(report.comparison_id, "The id of a comparison")  # it is a part of a condition
    try:
        client = connect(uri)
        found = find_experiment(client, experiment)
        database = database_path(uri)
        place = artifact_root(database) if database else None
        own = found.experiment_id if found else client.create_experiment(experiment, place)
        known = client.search_runs([own], f"tags.`{TAG}` = '{report.comparison_id}'")
        run = known[0] if known else client.create_run(own, run_name=report.name)
        run_id = run.info.run_id
        there = run.data.tags.get(NOTE, "")
        tags = {TAG: report.comparison_id, "automl.role": "comparison",
                NOTE: placed(ours(report.note), there)}  # fmt: skip
        params = [Param(key, value) for key, value in report.params.items()
                  if key not in run.data.params]  # fmt: skip
        now = int(time.time() * 1000)
        metrics = [Metric(mlflow_name(key), value, now, 0) for key, value in report.metrics.items()]
        client.log_batch(run_id, [], params[:100], [RunTag(*tag) for tag in tags.items()])
        for start in range(0, len(metrics), MOST):
            client.log_batch(run_id, metrics[start : start + MOST])
        for name, content in report.files.items():
            log_file(client, run_id, name, as_json(content))
        client.set_terminated(run_id, "FINISHED")
    except Exception as error:
        warn(f"The comparison could not be stored at {uri}: {in_short(error)}")
        return False
    return True
