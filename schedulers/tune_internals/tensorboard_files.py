"""TensorBoard's file of a trial, written in Tune's loop without making it wait."""

import socket
import struct
import time
from functools import cache
from pathlib import Path
from typing import Any


class EventFile:
    """A file of events as TensorBoard reads them, each written at once and whole.

    tensorboardX has a queue, a feeder and a thread for each file, and waits for the disk (`fsync`).
    Opening and closing that takes longer than writing the results of a short trial.
    """

    def __init__(self, folder: str) -> None:
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}"
        self._file = (Path(folder) / name).open("ab", buffering=0)
        self._write(file_version="brain.Event:2")

    def add_summary(
        self, summary: Any, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """A `Summary` of tensorboardX, at a step; the time is in seconds since 1970."""
        self._write(summary=summary, step=int(global_step or 0), wall_time=walltime or time.time())

    def _write(self, **event: Any) -> None:
        """As one record: its length, what was written of it, and a checksum of each."""
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.record_writer import masked_crc32c

        data = Event(**{"wall_time": time.time(), **event}).SerializeToString()
        length = struct.pack("<Q", len(data))
        checks = [struct.pack("<I", masked_crc32c(part)) for part in (length, data)]
        self._file.write(length + checks[0] + data + checks[1])

    def flush(self) -> None:
        """All is written already."""

    def close(self) -> None:
        self._file.close()


def one_event_a_result(writer: Any) -> Any:
    """tensorboardX's `SummaryWriter` with the numbers of a result in one event of an `EventFile`.

    As Ray's logger uses it, each number is an event of its own.
    """
    from tensorboardX.proto.summary_pb2 import Summary
    from tensorboardX.summary import scalar

    @cache
    def clean(tag: str) -> str:
        return str(scalar(tag, 0.0).value[0].tag)

    class Unhurried(writer):
        file_writer: Any
        all_writers: Any

        def __init__(self, *given: Any, **named: Any) -> None:
            self._told: list[Any] = []  # numbers of the result at hand
            super().__init__(*given, **named)

        def _get_file_writer(self) -> Any:
            if self.all_writers is None:
                self.file_writer = EventFile(self.logdir)
                self.all_writers = {self.logdir: self.file_writer}
            return self.file_writer

        def add_scalar(self, tag: str, value: float, global_step: int) -> None:
            self._step = global_step
            self._told.append(Summary.Value(tag=clean(tag), simple_value=float(value)))

        def flush(self) -> None:
            """Asked at the end of each result."""
            if self._told:
                self.file_writer.add_summary(Summary(value=self._told), self._step)
                self._told = []

    return Unhurried
