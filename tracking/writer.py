"""The thread that sends journals to MLflow, so that Tune's loop never waits for a server."""

import threading
import time
from collections.abc import Sequence

from automl_on_ray.search_spaces.core import warn
from automl_on_ray.tracking.journal import Journal
from automl_on_ray.tracking.runs import Runs
from automl_on_ray.tracking.store import in_short, is_lost

PERIOD = 2.0  # seconds between batches while all is well
MAX_PERIOD_SECONDS = 60.0
SHARE = 0.03  # of a processor: the costlier a batch was, the longer the pause after it
MAX_BACKOFF_SECONDS = 30.0  # seconds between tries while the server is away
CHUNK = 1 << 20  # bytes of journal in one batch: what is ever held in memory

_one_at_a_time = threading.Lock()  # one that was given up may still wait for an answer


class Part:
    """One journal on its way: the store has `offset` bytes of it, as far as we know."""

    def __init__(self, journal: Journal, runs: Runs) -> None:
        self.journal = journal
        self.runs = runs
        self.offset = 0
        self.again = False  # from the start: a run has gone, though the study's is there

    @property
    def behind(self) -> int:
        """Bytes that the store lacks."""
        return self.journal.size - self.offset + self.journal.waiting


class Writer:
    """Started at once; brings journals in their order, the last one as it grows.

    Each batch begins with what the store says of itself: one that lost runs, because its database
    was deleted or is an older copy, gets them again. `seconds` of CPU were spent.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self.seconds = 0.0
        self.error: Exception | None = None
        self._batches = 0
        self._looked = False  # at what the store has
        self._hurry = threading.Event()
        self._closing = False
        self._abandoned = False
        self._thread = threading.Thread(target=self._run, name="tracking", daemon=True)
        self._thread.start()

    @property
    def behind(self) -> int:
        """Bytes of all journals that the store lacks."""
        return sum(part.behind for part in self._parts)

    def close(self, patience: float) -> bool:
        """Write what is left; whether all was. Gives up `patience` seconds after the last progress.

        Whatever is left stays in the journals for the next writer.
        """
        self._closing = True
        self._hurry.set()
        seen, deadline = self._progress(), time.monotonic() + patience
        while self._thread.is_alive() and time.monotonic() < deadline:
            self._thread.join(0.05)
            if self._progress() > seen:
                seen, deadline = self._progress(), time.monotonic() + patience
        self._abandoned = self._thread.is_alive()
        return not self._abandoned and not self.behind

    def _progress(self) -> tuple[int, int]:
        """Batches that went through, and answers in the present one; a second try is none."""
        return self._batches, max(part.runs.answers for part in self._parts)

    def _run(self) -> None:
        backoff = 0.5
        while not self._abandoned:
            began = time.thread_time()
            last = self._closing  # what is appended after this is nobody's
            try:
                with _one_at_a_time:
                    self._write_all(look=last)
                spent = time.thread_time() - began
                self.error, backoff = None, 0.5
                if last:
                    return
                pause = min(max(PERIOD, spent / SHARE), MAX_PERIOD_SECONDS)
            except Exception as error:
                spent = time.thread_time() - began
                if self.error is None:
                    warn(f"MLflow is away, the journal keeps what it misses: {in_short(error)}")
                self.error, pause, self._looked = error, backoff, False
                backoff = min(2 * backoff, MAX_BACKOFF_SECONDS)
            self.seconds += spent
            if self._closing:
                time.sleep(min(pause, 1.0))
            else:
                self._hurry.wait(pause)

    def _write_all(self, *, look: bool) -> None:
        if look or self.behind or not self._looked:
            self._look()
        for part in self._parts:
            self._send(part)
        if look and self._parts[-1].journal.waiting:  # the disk is full, and this is the end
            self._parts[-1].runs.apply(self._parts[-1].journal.in_memory())

    def _look(self) -> None:
        """Ask the store how far it has each journal."""
        marks = self._parts[-1].runs.marks()
        for part in self._parts:
            mark = "" if part.again else marks.get(part.journal.name, "")
            offset = part.journal.offset_of(mark)
            if offset != part.offset or not self._looked:
                part.runs.forget(part.journal.before(offset))
                part.offset = offset
        self._looked = True

    def _send(self, part: Part) -> None:
        while part.offset < part.journal.size and not self._abandoned:
            ops, end = part.journal.read(part.offset, CHUNK)
            try:
                part.runs.apply(ops)
            except Exception as error:
                part.again = part.again or is_lost(error)
                raise
            part.runs.acknowledge(part.journal.name, part.journal.mark(end))
            part.offset, part.again = end, False
            self._batches += 1
