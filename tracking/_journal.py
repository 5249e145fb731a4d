"""A file of operations on the local disk, and how far of it a tracking server has acknowledged.

The journal is the tracker's one memory: what was appended survives a killed process, and what was
not acknowledged is sent again. It also is the queue, so a server that is away costs no memory.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._untrusted import inside

Op = dict[str, Any]


class Journal:
    """`<name>.jsonl` holds one operation a line, `<name>.ack.json` what the server has of them.

    One process and one writer at a time. Raises UserError if the folder cannot be written to, or
    `name`, in which there is a trial's id, leads out of it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = inside(folder, f"{name}.jsonl", "The tracking journal")
        self._ack_path = folder / f"{name}.ack.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise UserError(
                f"The tracking journal {self.path} cannot be written ({error.strerror}); "
                "choose another --storage."
            ) from error
        self.size = self._cut_torn_tail()

    def append(self, op: Op) -> None:
        """One write to the page cache: a process that is killed after it loses nothing."""
        line = json.dumps(op, separators=(",", ":"), default=str).encode() + b"\n"
        written = os.write(self._file, line)
        if written < len(line):  # the disk is full: a torn line must not swallow the next one
            os.ftruncate(self._file, self.size)
            raise OSError(f"{self.path}: only {written} of {len(line)} bytes could be written")
        self.size += len(line)

    def read(self, start: int, limit: int) -> tuple[list[Op], int]:
        """Operations from byte `start` on, of at least one and about `limit` bytes; next start."""
        data = os.pread(self._file, limit, start)
        end = data.rfind(b"\n") + 1
        while not end and start + len(data) < self.size:  # one operation longer than the limit
            data += os.pread(self._file, limit, start + len(data))
            end = data.rfind(b"\n") + 1
        return [json.loads(line) for line in data[:end].splitlines()], start + end

    def __iter__(self) -> Iterator[Op]:
        """All operations since the study began."""
        start = 0
        while start < self.size:
            ops, start = self.read(start, 1 << 20)
            yield from ops

    def acknowledged(self) -> dict[str, Any]:
        """What `acknowledge` was given last; empty at first, or if it cannot be read."""
        try:
            stored: dict[str, Any] = json.loads(self._ack_path.read_text())
        except (OSError, json.JSONDecodeError):
            return {}
        return stored if stored.get("offset", 0) <= self.size else {}

    def acknowledge(self, state: dict[str, Any]) -> None:
        """Replaced atomically: a reader finds the old state or the new one."""
        fresh = self._ack_path.with_suffix(".tmp")
        fresh.write_text(json.dumps(state))
        fresh.replace(self._ack_path)

    def close(self) -> None:
        os.close(self._file)

    def _cut_torn_tail(self) -> int:
        size = os.fstat(self._file).st_size
        whole = size
        while whole and os.pread(self._file, 1, whole - 1) != b"\n":
            start = max(0, whole - 4096)
            found = os.pread(self._file, whole - start, start).rfind(b"\n")
            whole = start + found + 1 if found >= 0 else start
        if whole < size:
            os.ftruncate(self._file, whole)
        return whole
