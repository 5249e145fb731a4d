"""The journal: a local file with all tracking operations of one stage of a study.

The journal is the tracker's one memory: what was appended survives a killed process, and a store
that lost its runs gets all of them again. It also is the queue, so a server that is away costs no
memory. How far a store has it, the store itself keeps, as a mark: so a store that was restored from
an older copy is known to be behind.
"""

import errno
import json
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces.core import UserError, inside, warn

Op = dict[str, Any]


class Journal:
    """`<name>.jsonl` holds one operation a line.

    One process and one writer at a time. Raises UserError if the folder cannot be written to, or
    `name`, in which there is a trial's id, leads out of it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._waiting = b""
        self.path = inside(folder, f"{name}.jsonl", "The tracking journal")
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
        """One write to the page cache: a process that is killed after it loses nothing.

        While the disk is full, operations wait in memory for the next one.
        """
        line = json.dumps(op, separators=(",", ":"), default=str).encode() + b"\n"
        full = bool(self._waiting)
        self._waiting += line
        try:
            written = os.write(self._file, self._waiting)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                self._waiting = b""
                raise
            written = 0
        if written == len(self._waiting):
            self.size += written
            self._waiting = b""
            return
        os.ftruncate(self._file, self.size)  # a torn line must not swallow the next one
        if not full:
            warn(f"No space is left for {self.path}: what it misses is in memory alone.")

    @property
    def waiting(self) -> int:
        """Bytes that are not in the file yet."""
        return len(self._waiting)

    def in_memory(self) -> list[Op]:
        """The operations that are not in the file yet."""
        return [json.loads(line) for line in self._waiting.splitlines()]

    def read(self, start: int, limit: int) -> tuple[list[Op], int]:
        """Operations from byte `start` on, of at least one and about `limit` bytes; next start."""
        data = os.pread(self._file, limit, start)
        end = data.rfind(b"\n") + 1
        while not end and start + len(data) < self.size:  # one operation longer than the limit
            data += os.pread(self._file, limit, start + len(data))
            end = data.rfind(b"\n") + 1
        return [json.loads(line) for line in data[:end].splitlines()], start + end

    def before(self, offset: int) -> Iterator[Op]:
        """Operations in the first `offset` bytes, the end of a line."""
        start = 0
        while start < offset:
            ops, start = self.read(start, min(1 << 20, offset - start))
            yield from ops

    def __iter__(self) -> Iterator[Op]:
        """All operations since the study began."""
        return self.before(self.size)

    def mark(self, offset: int) -> str:
        """That a store has the first `offset` bytes, of this journal and no other."""
        return f"{offset} {self._checksum(offset)}"

    def offset_of(self, mark: str) -> int:
        """Where to go on; 0 if `mark` is empty, or of another journal under the same name."""
        number, _, checksum = mark.partition(" ")
        offset = int(number) if number.isdigit() else 0
        return offset if offset <= self.size and self._checksum(offset) == checksum else 0

    @property
    def began(self) -> int:
        """When its first operation was, in Unix milliseconds; 0 while it is empty."""
        ops, _ = self.read(0, 1)
        return int(ops[0].get("t", 0)) if ops else 0

    def close(self) -> None:
        os.close(self._file)

    def _checksum(self, offset: int) -> str:
        """Of the last bytes before `offset`: every line has its time, so no two journals agree."""
        start = max(0, offset - 4096)
        return f"{zlib.crc32(os.pread(self._file, offset - start, start)):08x}"

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
