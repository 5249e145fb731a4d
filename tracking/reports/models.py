"""Registers the best model in MLflow, and makes it the champion if it is better."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective, UserError, warn
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.tracking.files import fetch_file
from automl_on_ray.tracking.reports.stored_model import log_metrics, store
from automl_on_ray.tracking.store import connect, find_studies, pointed_at
from automl_on_ray.tracking.study import Study

CHAMPION = "champion"
RECIPE = "automl.recipe"
PROGRAM = "data/model.pt2"  # where MLflow puts it in a model
HOW_TO_NAME = "Name one as models:/NAME/VERSION, models:/NAME@champion or runs:/RUN_ID/model."


@dataclass(frozen=True)
class ModelRecord:
    """`uri` loads it (`mlflow.pyfunc.load_model(uri)`); `reason` says why it is champion or not."""

    name: str
    version: str
    uri: str
    champion: bool
    reason: str


def log_model(
    uri: str,
    study: Study,
    model: FinalModel,
    *,
    config: Config,
    registered_name: str,
    trial_id: str = "",
    training: str = "",
) -> ModelRecord | None:
    """Store the model of a config with the study's run, and register it.

    The version gets the alias `champion` if there is none yet, or if it is better than it on the
    same data set (by digest) and in the same metric: the first objective's, on the test set if the
    model's metrics have it. A model at chance level never gets it. The same study never
    registers the model of one `training` (of trial `trial_id`) twice. None, and a warning, if the
    store is away: the same call may be made again.
    """
    judged = _judged(study, model.metrics)
    try:
        client = connect(uri)
        runs = find_studies(client, study.study_id)
        if not runs:
            warn("MLflow does not have the study yet; its model was not stored.")
            return None
        tags = {
            "automl.study_id": study.study_id,
            "automl.trial_id": trial_id,
            "automl.training": training,
            "automl.dataset": study.dataset,
            "automl.dataset_digest": study.dataset_digest,
            "automl.metric": judged.metric,
            "automl.value": repr(float(model.metrics[judged.metric])),
        }
        version = _registered(client, registered_name, tags)
        if version is None:
            details = {"config": {k: str(v) for k, v in config.items()}, **tags}
            if model.recipe is not None:
                details[RECIPE] = json.dumps(model.recipe)
            stored = store(uri, runs[0], model, details)
            log_metrics(uri, runs[0], stored, model.metrics, study)
            version = _register(str(stored.model_uri), registered_name, tags)
        text = model.page.replace("{name}", registered_name).replace("{version}", version)
        client.update_model_version(registered_name, version, text)
        champion, reason = _judge(client, registered_name, version, judged, model)
    except Exception as error:
        warn(f"The model could not be stored at {uri}: {error}")
        return None
    where = f"models:/{registered_name}/{version}"
    return ModelRecord(registered_name, version, where, champion, reason)


def _judged(study: Study, metrics: Mapping[str, float]) -> Objective:
    """The first objective, tested if it was; else what tests are told by."""
    goal = study.objectives[0]
    tested = Objective(f"test_{goal.metric.removeprefix('val_')}", goal.mode)
    known = (tested, goal, *study.test_metrics, *map(Objective, metrics))
    return next(one for one in known if one.metric in metrics)


def _registered(client: Any, name: str, tags: Mapping[str, str]) -> str | None:
    found = client.search_model_versions(f"name = '{name}'", max_results=1000)
    keys = ("automl.study_id", "automl.training")
    same = (v for v in found if all(v.tags.get(key, "") == tags[key] for key in keys))
    return next((str(version.version) for version in same), None)


def _register(model_uri: str, name: str, tags: dict[str, str]) -> str:
    import mlflow

    return str(mlflow.register_model(model_uri, name, tags=tags).version)


def _judge(
    client: Any, name: str, version: str, judged: Objective, model: FinalModel
) -> tuple[bool, str]:
    """Give the alias where it is due; whether this version has it now, and why."""
    accuracy = model.metrics.get("test_accuracy")
    if accuracy is not None and model.chance is not None and accuracy <= model.chance:
        return False, (
            f"its test_accuracy of {accuracy:.4g} is no better than chance "
            f"(up to {model.chance:.4g} for always the same answer)"
        )
    own = client.get_model_version(name, version)
    aliases = client.get_registered_model(name).aliases
    if CHAMPION not in aliases:
        client.set_registered_model_alias(name, CHAMPION, version)
        return True, "the first of this name"
    if str(aliases[CHAMPION]) == version:
        return True, "it is already"
    holder = client.get_model_version(name, aliases[CHAMPION])
    for key, what in (("automl.dataset_digest", "data set"), ("automl.metric", "metric")):
        if holder.tags.get(key) != own.tags[key]:
            return False, f"version {holder.version}, the champion, is of another {what}"
    value, best = float(own.tags["automl.value"]), float(holder.tags["automl.value"])
    told = f"{own.tags['automl.metric']} {value:.6g} against {best:.6g} of version {holder.version}"
    if judged.better(value, best):
        client.set_registered_model_alias(name, CHAMPION, version)
        return True, f"better: {told}"
    return False, f"not better: {told}"


def fetch_model(uri: str, model_uri: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """A stored model's exported program, downloaded to `folder`, and the recipe kept with it.

    UserError for a model that is not there, or that keeps none.
    """
    if not model_uri.startswith(("models:/", "runs:/")):
        raise UserError(f"There is no model {model_uri!r}. {HOW_TO_NAME}")
    with pointed_at(uri):
        return _fetched(uri, model_uri, folder)


def _fetched(uri: str, model_uri: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    try:
        store = get_artifact_repository(model_uri, tracking_uri=uri, registry_uri=uri)
        words = yaml.safe_load(fetch_file(store, "MLmodel", folder).read_text())
        details = dict(words.get("metadata") or {})
    except Exception as error:
        first = str(error).strip().splitlines()[0]
        raise UserError(
            f"There is no model {model_uri!r} in {uri}: {first} {HOW_TO_NAME}"
        ) from error
    try:
        recipe = dict(json.loads(details[RECIPE]))
        return fetch_file(store, PROGRAM, folder), recipe
    except Exception as error:
        raise UserError(
            f"Model {model_uri!r} was not stored by workflows/hpo.py or workflows/nas.py of this "
            "version as a network with its recipe, so it cannot be exported."
        ) from error
