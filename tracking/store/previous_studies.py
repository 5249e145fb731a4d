"""Finds the earlier studies of a store, with what a new one wants to know before it asks more."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces.core import UserError, is_id, near_miss
from automl_on_ray.tracking.store.database import database_path
from automl_on_ray.tracking.store.recorded_trials import json_at, json_in
from automl_on_ray.tracking.store.server import connect, find_studies

if TYPE_CHECKING:
    from mlflow.entities import Run


@dataclass(frozen=True)
class EarlierData:
    """The data of an earlier study; `digest` may be the first part of theirs only.

    `facts` are what `Data.facts` gave. What a store does not tell is empty.
    """

    name: str = ""
    digest: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EarlierStudy:
    """A study of the store. `space`, `trainable` and `subset` are empty where it does not tell.

    `keys` are what its space lets vary; None where only a file of it knows (`space_keys`).
    """

    study_id: str
    name: str
    space: str
    scheduler: str
    trainable: str
    subset: str
    data: EarlierData
    keys: frozenset[str] | None
    experiment_id: str = field(repr=False)
    files: str = field(repr=False)  # where MLflow keeps those of its run


def earlier_studies(uri: str) -> list[EarlierStudy]:
    """All studies of the store, the newest first, by one query; none where nothing is stored."""
    path = database_path(uri)
    if path is not None and not path.exists():
        return []
    found = [_study(run) for run in find_studies(connect(uri))]
    return [study for study in found if is_id(study.study_id)]


def newest_of(studies: list[EarlierStudy], name: str, uri: str) -> EarlierStudy:
    """The newest of that name among the `studies` of a store. UserError if there is none."""
    found = next((one for one in studies if one.name == name), None)
    if found is None:
        names = list(dict.fromkeys(one.name for one in studies))
        raise UserError(
            f"There is no study {name!r} in {uri}.{near_miss(name, names)} "
            + (f"There are: {', '.join(names)}." if names else "Nothing is stored there yet.")
        )
    return found


def space_keys(uri: str, study: EarlierStudy) -> frozenset[str]:
    """What the study's space lets vary; from its file, where its run does not tell.

    Empty if neither does.
    """
    if study.keys is not None:
        return study.keys
    with suppress(Exception):  # a file that is gone, or cannot be reached: whatever a store raises
        return frozenset(json_at(connect(uri), study.files, "study.json").get("domains", ()))
    return frozenset()


def _study(run: "Run") -> EarlierStudy:
    tags, params = run.data.tags, run.data.params
    keys = json_in(tags.get("automl.keys"))
    return EarlierStudy(
        study_id=tags.get("automl.study_id", ""),
        name=str(run.info.run_name),
        space=params.get("space", ""),
        scheduler=params.get("scheduler", ""),
        trainable=tags.get("automl.trainable", ""),
        subset=tags.get("automl.subset", ""),
        data=_data(run),
        keys=frozenset(map(str, keys)) if isinstance(keys, list) else None,
        experiment_id=str(run.info.experiment_id),
        files=str(run.info.artifact_uri),
    )


def _data(run: "Run") -> EarlierData:
    for one in run.inputs.dataset_inputs if run.inputs else []:
        facts = json_in(one.dataset.profile)
        return EarlierData(
            str(one.dataset.name),
            str(one.dataset.digest or ""),
            facts if isinstance(facts, dict) else {},
        )
    return EarlierData(run.data.params.get("dataset", ""))
