"""The checkpoints that a search has left, in its folder or bucket."""

from collections.abc import Collection

import pyarrow.fs
from ray import tune

from automl_on_ray.clusters import Stage

PREFIX = "checkpoint_"  # of Ray's folders


def newest_checkpoints(stage: Stage, trials: Collection[str]) -> dict[str, tune.Checkpoint]:
    """By id, in their order, of those `trials` that have one; also of a former session's."""
    files, path = stage.files()
    folders = _folders(files, path)
    found = {}
    for trial in trials:
        own = [one for one in folders if f"_{trial}_" in f"{one.base_name}_"]
        kept = [each.path for one in own for each in _folders(files, one.path) if _is_one(each)]
        if kept:
            found[trial] = tune.Checkpoint(max(kept), files)
    return found


def _folders(files: pyarrow.fs.FileSystem, path: str) -> list[pyarrow.fs.FileInfo]:
    within = files.get_file_info(pyarrow.fs.FileSelector(path, allow_not_found=True))
    return [one for one in within if one.type == pyarrow.fs.FileType.Directory]


def _is_one(folder: pyarrow.fs.FileInfo) -> bool:
    return str(folder.base_name).startswith(PREFIX)
