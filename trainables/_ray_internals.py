"""What we use of the inside of Tune's trainables, in the processes of trials."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.fs
from ray import tune

from automl_on_ray.search_spaces.core import Internals

TRAINABLE = Internals(
    ("ray",),
    (
        "ray.tune.trainable.trainable:_DICT_CHECKPOINT_FILE_NAME",
        "ray.tune.trainable.trainable:Trainable._storage",
        "ray.tune.trainable.trainable:Trainable._logdir",
        "ray.tune.trainable.trainable:Trainable._open_logfiles(stdout_file, stderr_file)",
        "ray.tune.trainable.trainable:Trainable._close_logfiles()",
        "ray.tune.trainable.trainable:Trainable._setup_logdir()",
        "ray.tune.trainable.trainable:Trainable.__init__ -> _open_logfiles",
        "ray.tune.trainable.trainable:Trainable.__init__ -> _setup_logdir",
        "ray.tune.trainable.trainable:Trainable.stop -> _close_logfiles",
        "ray.train._internal.session:get_session -> _session",
        "ray.tune.trainable.trainable_fn_utils:report -> get_session",
        "ray.tune.trainable.trainable_fn_utils:get_checkpoint -> loaded_checkpoint",
    ),
)
TRAINABLE.check_at_import()


def pickled_dict() -> str:
    """The file of a checkpoint that a trainable gave as a dict."""
    from ray.tune.trainable.trainable import _DICT_CHECKPOINT_FILE_NAME

    return _DICT_CHECKPOINT_FILE_NAME


def refuse_pickle(given: Any) -> None:
    """ValueError if a checkpoint, as Tune's `restore` is given it, holds a dict that was pickled.

    Tune would read it, whatever the trainable saves; ours never save one.
    """
    found = getattr(given, "checkpoint", given)
    if isinstance(found, str):
        found = tune.Checkpoint.from_directory(found)
    info = found.filesystem.get_file_info(f"{found.path}/{pickled_dict()}")
    if info.type != pyarrow.fs.FileType.NotFound:
        raise ValueError(f"{found} holds a pickle that none of its trials saved: it is not read.")


def folders(trial: tune.Trainable) -> tuple[Path, tuple[pyarrow.fs.FileSystem, str] | None]:
    """Where a trial in this process may write, and where that has to be brought, if elsewhere."""
    storage: Any = trial._storage
    files, path = storage.storage_filesystem, storage.trial_fs_path
    if files.type_name == "local":
        return Path(path), None
    return Path(str(trial._logdir)), (files, path)


def with_output(
    trainable: type[tune.Trainable],
    begin: Callable[[tune.Trainable], None],
    end: Callable[[], None],
) -> type[tune.Trainable]:
    """A class that calls these where Ray opens and closes files for what a trial prints.

    `begin` is called for each trial that a process is used for; not outside of Tune.
    """

    class WithOutput(trainable):  # type: ignore[misc, valid-type]
        def _open_logfiles(self, stdout_file: Any, stderr_file: Any) -> None:
            if self._storage:
                begin(self)

        def _close_logfiles(self) -> None:
            end()

    return WithOutput


def without_folder(trainable: type[tune.Trainable]) -> type[tune.Trainable]:
    """A class whose trials leave nothing on a node's disk: Ray makes each a folder, and goes in."""

    class WithoutFolder(trainable):  # type: ignore[misc, valid-type]
        def _setup_logdir(self) -> None:
            self._logdir = None

    return WithoutFolder


def take_session(session: Any) -> None:
    """From now on what `ray.tune.report` and the like are called with goes to `session`."""
    from ray.train._internal import session as module

    module._session = session


def leave_session(session: Any) -> None:
    """If it is still that one, there is none now."""
    from ray.train._internal import session as module

    if module._session is session:
        module._session = None
