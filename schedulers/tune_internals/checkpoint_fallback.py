"""Finds a trial's newest usable checkpoint on resume: others were moved, deleted or torn.

A trial whose newest checkpoint cannot be read goes on from the one before it. A state of the study
may be so old that all checkpoints it knows of are gone: then the trial goes on from a later one. If
it knows of none, the trial begins anew, and all is decided as it was.
"""

import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import pyarrow.fs
from ray.train._checkpoint import Checkpoint  # Tune's is one of these
from ray.train._internal.session import _TrainingResult
from ray.tune.experiment import Trial
from ray.tune.result import TRAINING_ITERATION

from automl_on_ray.search_spaces.core import is_inside, warn


def fall_back(trial: Trial, *, restored: bool = False) -> None:
    """Put aside the trial's newest checkpoints as long as they are torn; Ray would fail the trial.

    Without a whole one the trial begins anew, or if it is `restored` from a saved state that knew
    of one, goes on from what took its place. Those that were deleted after the state was saved are
    put aside too: Ray would fail to delete them, and then not note the next ones.
    """
    manager: Any = trial.run_metadata.checkpoint_manager
    known = manager._latest_checkpoint_result
    _move(known, trial)
    manager._checkpoint_results = [r for r in manager._checkpoint_results if _there(r.checkpoint)]
    while (latest := manager._latest_checkpoint_result) is not None:
        others = [r.checkpoint for r in manager._checkpoint_results]
        if readable(latest.checkpoint, others):
            return
        warn(f"{latest.checkpoint} cannot be read; {trial} goes on from before it")
        path = latest.checkpoint.path
        kept = [r for r in manager._checkpoint_results if r.checkpoint.path != path]
        manager._checkpoint_results = kept
        manager._latest_checkpoint_result = kept[-1] if kept else None
    if restored and known is not None and manager.checkpoint_config.num_to_keep is not None:
        _go_forward(trial, known)


def _go_forward(trial: Trial, known: Any) -> None:
    """Take up what the trial saved after `known`, which is gone: later ones took its place.

    Where only the newest are kept, a trial saves one in each of its iterations.
    """
    manager: Any = trial.run_metadata.checkpoint_manager
    storage: Any = trial.storage
    before, metrics = _number(known.checkpoint.path), known.metrics
    folder, files = storage.trial_fs_path, storage.storage_filesystem
    selector = pyarrow.fs.FileSelector(folder, allow_not_found=True)
    names = [info.base_name for info in files.get_file_info(selector)]
    later = sorted(_number(n) for n in names if n.startswith("checkpoint_") and _number(n) > before)
    checkpoints = [Checkpoint(f"{folder}/checkpoint_{n:06d}", filesystem=files) for n in later]
    iterations = [metrics[TRAINING_ITERATION] + number - before for number in later]
    results = [
        _TrainingResult(checkpoint, {**metrics, TRAINING_ITERATION: iteration})
        for checkpoint, iteration in zip(checkpoints, iterations, strict=True)
        if readable(checkpoint, checkpoints)
    ]
    if results:
        warn(f"{trial} goes on from {results[-1].checkpoint}")
        manager._checkpoint_results, manager._latest_checkpoint_result = results, results[-1]
        storage.current_checkpoint_index = later[-1]


def _number(path: str) -> int:
    """Of a checkpoint's folder."""
    return int(path.rpartition("_")[2])


def place_of(checkpoint: Checkpoint) -> str:
    """Where it is in its experiment's folder, which may be moved."""
    return "/".join(PurePosixPath(checkpoint.path).parts[-2:])


def at_place(place: str, trial: Trial) -> Checkpoint:
    """The checkpoint that is there in the folder of the experiment that `trial` belongs to."""
    storage: Any = trial.storage
    folder = PurePosixPath(storage.experiment_fs_path)
    return Checkpoint(str(folder / place), filesystem=storage.storage_filesystem)


def _move(result: Any, trial: Trial) -> None:
    """Ray takes a trial's own checkpoints along when a folder is moved, not one lent to it."""
    if result is None or not isinstance(result.checkpoint, Checkpoint):
        return
    storage: Any = trial.storage
    if not result.checkpoint.path.startswith(f"{storage.experiment_fs_path}/"):
        result.checkpoint = at_place(place_of(result.checkpoint), trial)


def readable(checkpoint: Any, others: Sequence[Any] = ()) -> bool:
    """Whether its files are there, none is empty that is not in `others`, and archives are whole.

    Some write empty files, as marks: in all of their checkpoints. A name that leads out of the
    folder is no trial's: Ray would fetch that file from a bucket to wherever it leads.
    """
    if not isinstance(checkpoint, Checkpoint):
        return True
    sizes = _sizes(checkpoint)
    if not all(map(is_inside, sizes)):
        return False
    empty = {name for name, size in sizes.items() if not size}
    filled = {name for other in others for name, size in _sizes(other).items() if size}
    if not sizes.keys() - empty or empty & filled:
        return False
    files: Any = checkpoint.filesystem
    return all(_whole(files, f"{checkpoint.path}/{name}") for name in sizes)


def _sizes(checkpoint: Any) -> dict[str, int]:
    """Of its files, by name."""
    if not isinstance(checkpoint, Checkpoint):
        return {}
    files: Any = checkpoint.filesystem
    selector = pyarrow.fs.FileSelector(checkpoint.path, recursive=True, allow_not_found=True)
    root = checkpoint.path.rstrip("/") + "/"
    found = files.get_file_info(selector)
    return {info.path.removeprefix(root): int(info.size or 0) for info in found if info.is_file}


def _there(checkpoint: Any) -> bool:
    if not isinstance(checkpoint, Checkpoint):
        return True
    info = checkpoint.filesystem.get_file_info(checkpoint.path)  # type: ignore[union-attr]
    return bool(info.type != pyarrow.fs.FileType.NotFound)


def _whole(files: pyarrow.fs.FileSystem, path: str) -> bool:
    if not path.endswith(".pt"):
        return True
    try:
        with files.open_input_file(path) as file:
            if file.size() and file.read(2) != b"PK":  # written in torch's old way
                return True
        with files.open_input_file(path) as file, zipfile.ZipFile(file) as archive:
            return archive.testzip() is None
    except Exception:  # whatever a torn archive raises, it is torn
        return False
