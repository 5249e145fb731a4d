"""The checkpoints that a search has left, in its folder or bucket."""

from collections.abc import Collection

import pyarrow.fs
from ray import tune

from automl_on_ray.clusters import Stage

PREFIX = "checkpoint_"  # of Ray's folders


def newest_checkpoints(stage: Stage, trials: Collection[str]) -> dict[str, tune.Checkpoint]:
    """By id of those `trials` that have one; wherever Ray has put it, also in a former session."""
    files, path = stage.files()
    found = {}
    for folder in _folders(files, path):
        for trial in trials:
            if f"_{trial}_" in f"{folder.base_name}_":
                own = [one.path for one in _folders(files, folder.path) if _is_one(one)]
                if own:
                    found[trial] = tune.Checkpoint(max(own), files)
    return found


def _folders(files: pyarrow.fs.FileSystem, path: str) -> list[pyarrow.fs.FileInfo]:
    within = files.get_file_info(pyarrow.fs.FileSelector(path, allow_not_found=True))
    return [one for one in within if one.type == pyarrow.fs.FileType.Directory]


def _is_one(folder: pyarrow.fs.FileInfo) -> bool:
    return str(folder.base_name).startswith(PREFIX)
