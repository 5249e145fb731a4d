"""A study's small files, kept in a bucket too: another machine goes on from there.

They are written on this machine's disk, by one process; a thread copies what has changed. A stage's
saved states are of one moment and go as one archive, after the journal: what they know is in it.
Each copy ends with a stamp. One that is of another machine means that the study goes on there.
How far MLflow has the journal MLflow itself knows: a new head's may know less, and gets the rest.
"""

import io
import os
import signal
import tarfile
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import pyarrow.fs
from filelock import FileLock, Timeout

from automl_on_ray.search_spaces.core import (
    PART,
    Version,
    check_id,
    files_of_tar,
    inside,
    read_bytes,
    version_of,
    warn,
    write_bytes,
)

STAMP = "copied.txt"  # what was copied last, here and there
KEPT = "kept"
PERIOD = 10.0  # seconds
SHARE = 0.1  # of its time it copies at most: states of thousands of trials are large
PATIENCE = 60.0  # seconds that a study has to end, before it is told again

_Stats = tuple[tuple[str, Version], ...]


class Mirror:
    """Copies `folder` to `path`/STUDY_ID of `files`; an older study of that name stays beside it.

    Failures are told, and tried again next time. Once the study is `overtaken` by another machine
    nothing is copied any more, and the study is stopped here.
    """

    def __init__(self, folder: Path, files: pyarrow.fs.FileSystem, path: str) -> None:
        self._folder, self._files, self._path = folder, files, path.rstrip("/")
        self._said = f"The bucket's copy of study {folder.name!r}"
        self._study = ""
        self.overtaken = False
        self._known: set[bytes] = set()  # what the bucket's stamp may be
        self._seen: dict[str, _Stats] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def newer(self) -> bytes | None:
        """The bucket's stamp, if it is another machine's. OSError if the bucket cannot be read."""
        there = self._read(STAMP)
        here = self._folder / STAMP
        return None if here.exists() and here.read_bytes() == there else there

    def pull(self) -> None:
        """Bring what another machine has copied since; what was here is put aside.

        OSError if the bucket cannot be read; UserError if it names what can be no study's, and then
        nothing is written.
        """
        there = self.newer()
        if there is None:
            return
        study = self._named(there)
        names = [name for name in self._names(study) if _is_small(name)]
        for name in names:
            inside(self._folder, name, f"{self._said}: the file")
        if self._folder.exists():
            if is_running(self._folder):
                return
            self._folder.rename(f"{self._folder}-{time.strftime('%Y%m%d-%H%M%S')}")
        self._study = study
        for name in names:
            self._restore(name)
        (self._folder / STAMP).write_bytes(there)

    def peek(self, stamp: bytes, names: Sequence[str]) -> dict[str, bytes]:
        """What the bucket has of these files of the study that a stamp names. Errors as `pull`."""
        study = self._named(stamp)
        found = {name: self._read(f"{study}/{name}") for name in names}
        return {name: data for name, data in found.items() if data is not None}

    def start(self, study_id: str) -> None:
        self._study = study_id
        stamp = self._folder / STAMP
        if stamp.exists():
            self._known = {stamp.read_bytes()}
        self._thread.start()

    def close(self) -> None:
        """Copy what is left."""
        self._ended.set()
        self._thread.join()
        self._copy_plainly()

    def copy(self) -> None:
        """Copy what has changed. OSError if the bucket cannot be written to."""
        self._look_who_copies()
        if self.overtaken:
            return
        changed: dict[str, _Stats] = {}
        states: dict[str, tuple[_Stats, bytes]] = {}
        for file in sorted(self._folder.rglob("*")):
            name = file.relative_to(self._folder).as_posix()
            if file.is_dir() and file.name == KEPT:
                archived = _archive(file, self._seen.get(f"{name}.tar"))
                if archived is not None:
                    states[f"{name}.tar"] = archived
            elif _is_small(name) and name != STAMP and file.is_file():
                one = (_stat(file),)
                if self._seen.get(name) != one:
                    changed[name] = one
        for name, now in changed.items():
            self._write(f"{self._study}/{name}", (self._folder / name).read_bytes())
            self._seen[name] = now
        for name, (now, data) in states.items():
            self._write(f"{self._study}/{name}", data)
            self._seen[name] = now
        if changed or states:
            stamp = f"{self._study} {uuid.uuid4().hex}".encode()
            self._known.add(stamp)  # the bucket may have it although its answer is lost
            self._write(STAMP, stamp)
            (self._folder / STAMP).write_bytes(stamp)

    def _look_who_copies(self) -> None:
        stamp = self._read(STAMP)
        if stamp is None:  # nobody yet, or the bucket was emptied
            return
        if stamp in self._known:
            self._known = {stamp}
        else:
            self.overtaken = True

    def _run(self) -> None:
        pause = 0.0  # where the study ran before is to know soon
        while not self._ended.wait(pause):
            began = time.monotonic()
            self._copy_plainly()
            pause = max(PERIOD, (time.monotonic() - began) / SHARE)
            if self.overtaken:
                break
        while self.overtaken and not self._ended.is_set():
            stop_the_study()
            self._ended.wait(PATIENCE)  # between two stages nobody may have heard it

    def _copy_plainly(self) -> None:
        try:
            if not self.overtaken:
                self.copy()
        except OSError as error:  # also of files that were replaced meanwhile
            warn(f"The study could not be copied to {self._path}: {error}")

    def _write(self, name: str, data: bytes) -> None:
        write_bytes(self._files, f"{self._path}/{name}", data)

    def _read(self, name: str) -> bytes | None:
        return read_bytes(self._files, f"{self._path}/{name}")

    def _named(self, stamp: bytes) -> str:
        return check_id(stamp.decode(errors="replace").partition(" ")[0], f"{self._said}: the id")

    def _names(self, study: str) -> list[str]:
        """Of all files that the bucket has of it."""
        root = f"{self._path}/{study}"
        selector = pyarrow.fs.FileSelector(root, recursive=True, allow_not_found=True)
        found = self._files.get_file_info(selector)
        return [info.path.removeprefix(root + "/") for info in found if info.is_file]

    def _restore(self, name: str) -> None:
        """Into a folder that is new."""
        data = self._read(f"{self._study}/{name}")
        if data is None:
            return
        target = inside(self._folder, name, f"{self._said}: the file")
        if not name.endswith(f"{KEPT}.tar"):
            _write_new(target, data)
            return
        for part, content in files_of_tar(data, f"{self._said}: {name}"):
            _write_new(target.with_suffix("") / part, content)


def is_running(folder: Path) -> bool:
    """Whether a process works on the study in this folder."""
    lock = folder / ".lock"
    if not lock.exists():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:  # another user's, perhaps
        return False


def stop_the_study() -> None:
    """As Ctrl-C does: trials end, and all is kept."""
    os.kill(os.getpid(), signal.SIGINT)


def _write_new(path: Path, data: bytes) -> None:
    """Nothing is replaced, where two names are one to the disk either: FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)


def _is_small(name: str) -> bool:
    """Whether it is the study's own; Ray's trials are beside them in a bucket."""
    parts = name.split("/")
    own = len(parts) == 1 or parts[0] in ("journal", "pictures") or name.endswith(f"/{KEPT}.tar")
    return own and not name.endswith((PART, ".lock"))


def _stat(file: Path) -> tuple[str, Version]:
    return file.name, version_of(file)


def _archive(folder: Path, seen: _Stats | None) -> tuple[_Stats, bytes] | None:
    """All files of one moment; None if that is what was `seen`, or if they change meanwhile.

    Tune's thread puts a new folder in this one's place, with the same names in it.
    """
    try:
        now = _stats(folder)
        if now == seen:
            return None
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            for file in sorted(folder.iterdir()):
                archive.add(file, arcname=file.name)
        return (now, data.getvalue()) if _stats(folder) == now else None
    except FileNotFoundError:  # just then
        return None


def _stats(folder: Path) -> _Stats:
    return tuple(map(_stat, sorted(folder.iterdir())))
