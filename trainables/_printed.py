"""Keeps the newest of what each trial prints in its folder."""

import faulthandler
import functools
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import pyarrow.fs
from ray import tune
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import write_bytes
from automl_on_ray.trainables._ray_internals import folders, with_output

FILE, BEFORE = "printed.txt", "printed-before.txt"
MAX_CHARACTERS = 1 << 18  # of a file; then it becomes the one before
PERIOD = 30.0  # seconds between two copies to a bucket
TOLD = 16_000  # characters of it that are kept with a failed trial's run


def keeping_prints(trainable: type[tune.Trainable]) -> type[tune.Trainable]:
    """`trainable`, whose trials have what they print in `printed.txt` of their folders.

    In a bucket it is as of the last report, or of the error. A process that is reused for another
    trial turns to that one's file.
    """

    class Kept(with_output(trainable, _turn_to, _send)):  # type: ignore[misc]
        def setup(self, config: dict[str, Any], **keywords: Any) -> None:
            with _sent_on_error():
                super().setup(config, **keywords)

        def train(self) -> dict[str, Any]:
            with _sent_on_error():
                result: dict[str, Any] = super().train()
            _send(now=False)
            return result

    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(Kept, name, getattr(trainable, name))
    return Kept


def printed_by(trial: Trial) -> tuple[str, str]:
    """Where the text is that a trial has printed, and its end; two empty ones if there is none."""
    storage: Any = trial.storage
    try:
        path = f"{storage.trial_fs_path}/{FILE}"
        with storage.storage_filesystem.open_input_file(path) as file:
            size = file.size()
            file.seek(max(0, size - TOLD))
            text = file.read().decode(errors="replace")
    except (OSError, AttributeError):  # an old study's, or one that was never begun
        return "", ""
    return (f"{trial.path}/{FILE}", text) if text else ("", "")


class Printed:
    """This process's output, as far as Python writes it: to where it went, and to a trial's file.

    Nothing here may fail a trial: what cannot be written is left out.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._file: TextIO | None = None
        self._folder = Path()
        self._size = 0
        self._away: tuple[pyarrow.fs.FileSystem, str] | None = None
        self._sent, self._sent_at = 0, 0.0
        for name in ("ray.train", "ray.tune"):  # Ray has a line for each checkpoint
            logging.getLogger(name).setLevel(logging.WARNING)
        streams: tuple[Any, Any] = _Both(sys.stdout, self), _Both(sys.stderr, self)
        sys.stdout, sys.stderr = streams

    def turn_to(self, folder: Path, away: tuple[pyarrow.fs.FileSystem, str] | None) -> None:
        """From now on to `folder`, which `send` copies to `away`, if that is given."""
        with self._lock:
            self._folder, self._away = folder, away
            self._sent, self._sent_at = 0, time.monotonic()
            self._open()
        for handler in logging.root.handlers:
            # One that was set up when the user's module was imported has the stream of then.
            for both in (sys.stdout, sys.stderr):
                if getattr(handler, "stream", None) is getattr(both, "stream", self):
                    handler.setStream(both)  # type: ignore[attr-defined]

    def write(self, text: str) -> None:
        with self._lock, suppress(OSError, ValueError):
            if self._file is None:
                return
            self._file.write(text)
            self._size += len(text)
            if self._size > MAX_CHARACTERS:
                os.replace(self._folder / FILE, self._folder / BEFORE)
                self._open()

    def send(self, *, now: bool = True) -> None:
        """Copy what is new to the bucket; unless it must be `now`, not each time."""
        with self._lock, suppress(OSError):
            late = time.monotonic() - self._sent_at > PERIOD
            if self._away is None or self._size == self._sent or not (now or late):
                return
            files, path = self._away
            write_bytes(files, f"{path}/{FILE}", (self._folder / FILE).read_bytes())
            self._sent, self._sent_at = self._size, time.monotonic()

    def _open(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = (self._folder / FILE).open("a", buffering=1, errors="backslashreplace")
            self._size = self._file.tell()
            faulthandler.enable(self._file)  # the last words of a process that crashes


class _Both:
    """A stream of Python's, and beside it what is `printed`."""

    def __init__(self, stream: TextIO, printed: Printed) -> None:
        self.stream, self._printed = stream, printed

    def write(self, text: str) -> int:
        self._printed.write(text)
        return self.stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@functools.cache
def _of_this_process() -> Printed:
    return Printed()


def _turn_to(trial: tune.Trainable) -> None:
    _of_this_process().turn_to(*folders(trial))


def _send(*, now: bool = True) -> None:
    if _of_this_process.cache_info().currsize:
        _of_this_process().send(now=now)


@contextmanager
def _sent_on_error() -> Iterator[None]:
    """A process whose trial has failed is ended without another word."""
    try:
        yield
    except BaseException:
        _send()
        raise
