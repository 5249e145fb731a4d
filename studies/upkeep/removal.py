"""Removes a study: its folder, its copy in a bucket, and its runs in MLflow."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from automl_on_ray.clusters import Storage, find_storage, is_running
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.inputs import check_study
from automl_on_ray.studies.results import ELSEWHERE, StoredStudy, read_study
from automl_on_ray.studies.upkeep.checkpoints import held
from automl_on_ray.studies.upkeep.sizes import disk_use, in_bytes
from automl_on_ray.tracking.store import default_uri, delete_runs, runs_of_study


@dataclass(frozen=True)
class Removal:
    """What would go. `runs` are ids of MLflow's at `uri`."""

    folder: Path
    storage: Storage
    uri: str
    runs: tuple[str, ...]

    def lines(self) -> list[str]:
        """What would go, in words."""
        told = []
        if self.folder.exists():
            told.append(f"{self.folder} ({in_bytes(disk_use(self.folder).total)})")
        if self.storage.uri:
            told.append(f"its copy in {self.storage.uri}, with all checkpoints")
        if self.runs:
            told.append(f"{len(self.runs)} runs in MLflow at {self.uri}")
        return told

    def carry_out(self) -> None:
        """The folder goes last: until then the same command can be given again."""
        where = self.storage.uri or self.storage.local
        _refuse_anothers(read_study(self.folder.name, where), self.storage)  # as it is by now
        with held(self.folder):
            delete_runs(self.uri, self.runs)
            self.storage.remove(self.folder.name)
            shutil.rmtree(self.folder)  # of a link within it the link alone


def plan_removal(name: str, storage: str, tracking_uri: str | None) -> Removal:
    """UserError if there is no such study, if it runs or may do so elsewhere, or is a link.

    Its runs are looked for at `tracking_uri`, else where the study has recorded them.
    """
    check_study(name)
    where = find_storage(storage)
    folder = where.local / name
    if folder.is_symlink():
        raise UserError(f"{folder} is a link: what it leads to is not removed.")
    study = read_study(name, storage)
    if is_running(folder):
        raise UserError(f"Study {name!r} is running; stop it first.")
    _refuse_anothers(study, where)
    uri = tracking_uri or study.tracking_uri or default_uri(where.local)
    return Removal(folder, where, uri, runs_of_study(uri, study.study_id))


def _refuse_anothers(study: StoredStudy, where: Storage) -> None:
    """UserError if another machine may be at work on it."""
    if study.state == ELSEWHERE:
        raise UserError(
            f"Study {study.name!r} in {where.uri} has not ended, and another machine was the last "
            "to write it: stop it there, and remove it from there. If that machine is gone, go on "
            "with the study here first (the same command), and stop it."
        )
