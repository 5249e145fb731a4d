"""Resumes a Ray Tune experiment whose driver was killed at any moment.

Ray writes its state in place, a file for each part, and copies them to the storage in the
background, so a kill can leave a torn file, or files of different moments. This keeps a copy of
all of them as they were at one moment, made in Tune's loop right after Ray wrote them, from this
machine's disk, and signed: only such a copy is read again (`signatures.py`).
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from fnmatch import filter as fnmatch_all, fnmatch
from pathlib import Path
from typing import Any

from pyarrow.fs import FileSelector, FileSystem
from ray.tune import Callback, ResumeConfig

from automl_on_ray.clusters import Stage
from automl_on_ray.schedulers.tune_internals import (
    STATE_FILES,
    ResumableScheduler,
    asking_for,
    forget_errors,
    has_trials,
    is_whole,
)
from automl_on_ray.search_spaces.core import UserError, read_bytes, write_bytes
from automl_on_ray.studies.signatures import SIGNATURE, signature_of, signed_files

KEPT = ("kept", "kept.old")


class StateKeeper(Callback):
    """Keeps Ray's state of one moment in `experiment/kept`, the scheduler's memory within it.

    Where the experiment `goes_on` and Ray could not read its state, Ray would begin anew and write
    over it: UserError, which ends it.
    """

    def __init__(
        self,
        experiment: Path,
        scheduler: ResumableScheduler | None = None,
        *,
        goes_on: bool = False,
    ) -> None:
        self._experiment = experiment
        self._scheduler = scheduler
        self._goes_on = goes_on
        self._last: dict[str, int] = {}
        self._written: Path | None = None  # the folder of Ray's files on this machine

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        if self._goes_on and not trials and _has_trials(self._experiment / "kept"):
            raise UserError(
                f"The state of {self._experiment} could not be read; the log above says why. "
                "Nothing was lost or written over. Try the same command again, or --name another."
            )

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._keep(trials)

    def on_experiment_end(self, trials: list[Any], **info: Any) -> None:
        self._keep(trials)  # Ray has written once more after the last step
        forget_errors(trials)

    def _keep(self, trials: list[Any]) -> None:
        if not trials:
            return
        if self._written is None:  # Ray makes this path anew whenever it is asked
            self._written = Path(trials[0].storage.experiment_driver_staging_path)
        written = self._written
        if self._last and _times(written, self._last) == self._last:
            return  # without a look at the folders of all trials, which are beside these files
        times = _times(written, [file.name for file in _newest(written)])
        if times and times != self._last:
            with suppress(OSError):  # a disk that is full for a while is no reason to end a study
                keep(written, self._experiment)
                self._last = times

    # Ray saves this with its own state, and calls `set_state` before it adds the trials again.

    def get_state(self) -> dict[str, Any] | None:
        return {"scheduler": self._scheduler.get_state()} if self._scheduler else None

    def set_state(self, state: dict[str, Any]) -> None:
        if self._scheduler is not None:
            self._scheduler.set_state(state["scheduler"])


def _has_trials(kept: Path) -> bool:
    state = next(iter(_newest(kept)), None)  # the first kind is Ray's own
    return state is not None and has_trials(state.read_bytes())


def _times(folder: Path, names: Iterable[str]) -> dict[str, int]:
    """When those of these files that there are were written last."""
    found = {}
    for name in names:
        with suppress(FileNotFoundError):
            found[name] = os.stat(f"{folder}/{name}").st_mtime_ns  # a Path takes as long again
    return found


def keep(written: Path, experiment: Path) -> None:
    """Copy the newest state files in `written` to `experiment/kept`: all of them, or none."""
    files = _states_in(written)
    fresh, kept, old = (experiment / name for name in ("kept.new", *KEPT))
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, data in {**files, SIGNATURE: signature_of(files)}.items():
        (fresh / name).write_bytes(data)
    shutil.rmtree(old, ignore_errors=True)
    if kept.exists():
        kept.rename(old)
    fresh.rename(kept)


def check_states(study: Path) -> None:
    """UserError if an experiment of the study has a state that this user did not sign."""
    kept = (study.glob(f"{where}/{name}") for where in ("*", "final/*") for name in KEPT)
    for experiment in {folder.parent for found in kept for folder in found}:
        if all(signed_files(experiment / name) is None for name in KEPT):
            raise _distrusted(experiment)


def _distrusted(experiment: Path) -> UserError:
    return UserError(
        f"The state of {experiment} was saved by another user, on another machine, by an older "
        "version, or was changed since; to read it may run code. If you trust all who can write "
        "to that storage, give --trust-storage once; or bring your key along (AUTOML_KEY_FILE)."
    )


def resume_config(
    stage: Stage, *, retry_failed: bool, trials: int | None = None
) -> ResumeConfig | None:
    """How to go on with what `stage` holds; None if there is nothing yet to go on from.

    The copy kept takes the place of Ray's files, which are put aside. UserError if there are some
    and none was signed by this user; in a trusted stage any copy will do, and Ray's own files, if
    they are whole. Failed trials stay failed, unless asked for. `trials` is how many a searcher is
    to propose in all, which may be more than when the state was saved; at once it proposes as many
    as today's Tuner says.
    """
    rays = _States(*stage.files())
    states = _kept(stage)
    if states is None and not stage.trusted and (rays.names() or _copies(stage)):
        raise _distrusted(stage.folder)
    if states is None:
        newest = {name: rays.read(name) for name in rays.newest()}
        states = newest if _are_whole(newest) else {}
    if trials is not None:
        states = {name: asking_for(trials, name, data) for name, data in states.items()}
    rays.put_aside()
    for name, data in states.items():
        rays.write(name, data)
    if not any(fnmatch(name, STATE_FILES[0]) for name in states):
        keep(stage.folder / "nothing", stage.folder)  # what Ray writes from now on is this user's
        return None
    kinds = ResumeConfig.ResumeType
    failed = kinds.RESUME if retry_failed else kinds.SKIP
    return ResumeConfig(errored=failed)  # type: ignore[arg-type]


def _copies(stage: Stage) -> list[Path]:
    return [stage.folder / name for name in KEPT if (stage.folder / name).exists()]


def _kept(stage: Stage) -> dict[str, bytes] | None:
    """State files of the newest copy that is this user's, by name; None if there is no such copy.

    Empty if nothing was saved yet. In a trusted stage another's will do, if it is whole.
    """
    read = [_read(folder, trusted=stage.trusted) for folder in _copies(stage)]
    own = [files for files in read if files is not None]
    return next(filter(None, own), {}) if own else None


def _read(folder: Path, *, trusted: bool) -> dict[str, bytes] | None:
    files = signed_files(folder)
    if files is None and trusted and _are_whole(found := _states_in(folder)):
        return found
    return files


def _states_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in _newest(folder)}


class _States:
    """Ray's state files of an experiment, which may be in a bucket."""

    def __init__(self, files: FileSystem, path: str) -> None:
        self._files, self._path = files, path

    def names(self) -> list[str]:
        found = self._files.get_file_info(FileSelector(self._path, allow_not_found=True))
        names = (info.base_name for info in found if info.is_file)
        return sorted(n for n in names if any(fnmatch(n, pattern) for pattern in STATE_FILES))

    def newest(self) -> list[str]:
        every = self.names()
        return [n for pattern in STATE_FILES if (n := _last(every, pattern))]

    def read(self, name: str) -> bytes:
        data = read_bytes(self._files, f"{self._path}/{name}")
        assert data is not None, name
        return data

    def write(self, name: str, data: bytes) -> None:
        write_bytes(self._files, f"{self._path}/{name}", data)

    def put_aside(self) -> None:
        for name in self.names():
            self._files.move(f"{self._path}/{name}", f"{self._path}/{name}.aside")


def _last(names: list[str], pattern: str) -> str:
    return max(fnmatch_all(names, pattern), default="")


def _newest(experiment: Path) -> list[Path]:
    names = [file.name for file in experiment.glob("*")]
    return [experiment / name for pattern in STATE_FILES if (name := _last(names, pattern))]


def _are_whole(files: Mapping[str, bytes]) -> bool:
    """A machine that lost its power may have left empty ones. Reads them: for trusted ones only."""
    return bool(files) and all(is_whole(name, data) for name, data in files.items())
