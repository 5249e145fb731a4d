"""A study in MLflow, written by hand."""

import json

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric
from mlflow.tracking import MlflowClient

from automl_on_ray.tracking.mlflow_names import mlflow_name


def store(
    uri, name, trials, *, scheduler="fifo", data=None, domains=None, tags=None, space=None,
    study_id=None,
):  # fmt: skip
    """`trials` are (config, reports by step, tags); a number is one of `score`. The study's id.

    `data` are the name, the digest, and perhaps the facts of its data, `domains` the keys that its
    file tells, `tags` more of its own run's, `space` the name of its space.
    """
    client = MlflowClient(uri)
    beside = uri.removeprefix("sqlite:///").removesuffix("mlflow.db") + "artifacts"
    experiment = client.create_experiment(name, artifact_location=beside)
    own, tags = tags or {}, {"automl.role": "study", "automl.study_id": study_id or f"id-of-{name}"}
    study = client.create_run(experiment, run_name=name, tags={**tags, **own})
    if domains is not None:
        client.log_dict(study.info.run_id, {"domains": {key: {} for key in domains}}, "study.json")
    client.log_param(study.info.run_id, "scheduler", scheduler)
    if space is not None:
        client.log_param(study.info.run_id, "space", space)
    if data is not None:
        context = [InputTag("mlflow.data.context", "study")]
        told = Dataset(
            name=data[0], digest=data[1], source_type="local", source="{}",
            profile=json.dumps(data[2]) if len(data) > 2 else None,
        )  # fmt: skip
        client.log_inputs(study.info.run_id, datasets=[DatasetInput(told, context)])
    for config, curve, more in trials:
        run = client.create_run(
            experiment, tags={**tags, "automl.role": "trial", "automl.outcome": "completed", **more}
        )
        client.log_dict(run.info.run_id, config, "config.json")
        reports = [each if isinstance(each, dict) else {"score": each} for each in curve]
        metrics = [
            Metric(mlflow_name(key), value, 0, step)
            for step, report in enumerate(reports, start=1)
            for key, value in report.items()
        ]
        client.log_batch(run.info.run_id, metrics)
    return tags["automl.study_id"]
