"""Checkpoints that nobody needs any more.

Those of trials that have completed or were pruned, in studies that have come to their end. Never of
the best trial or of the Pareto front; of trials that failed or were cut, which may go on; of the
final training; of supernets, which are drawn again when a search goes on; or of populations, whose
trials begin with each other's.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from automl_on_ray.schedulers import scheduler_capabilities
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.results import StoredStudy, is_own_folder, trial_folders
from automl_on_ray.studies.upkeep.sizes import CHECKPOINT

NEEDED = ("final", "supernet")  # roles of trials whose checkpoints are


def needless_checkpoints(study: StoredStudy) -> list[Path]:
    """Folders below the study's; none if it is at work, or has not ended."""
    if study.state != "finished" or _is_population(study):
        return []
    kept = {trial.trial_id for trial in [*study.front, *filter(None, [study.best])]}
    ended = {
        trial.trial_id
        for trial in study.recorded.trials
        if trial.outcome in ("completed", "pruned", "infeasible") and trial.role not in NEEDED
    } - kept
    return [
        checkpoint
        for folder in trial_folders(study.path)
        if any(f"_{trial_id}_" in folder.name for trial_id in ended)
        for checkpoint in sorted(folder.glob(f"{CHECKPOINT}*"))
        if is_own_folder(checkpoint)
    ]


def _is_population(study: StoredStudy) -> bool:
    name = str(study.asked.get("scheduler"))
    try:
        return scheduler_capabilities(name).changes_running_trials
    except UserError:  # a scheduler of the user's own that is not here
        return True


def delete_all(study: Path, checkpoints: list[Path]) -> None:
    """UserError if the study has begun to run meanwhile."""
    with held(study):
        for checkpoint in checkpoints:
            shutil.rmtree(checkpoint)


@contextmanager
def held(study: Path) -> Iterator[None]:
    """While it is looked after, nobody can run it. UserError if somebody does."""
    lock = FileLock(study / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"Study {study.name!r} is running; stop it first.") from None
    except OSError as error:
        raise UserError(f"{study} cannot be written to: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()
