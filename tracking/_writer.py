"""The thread that brings a journal to MLflow, so that Tune's loop never waits for a server."""

import logging
import threading
import time

from automl_on_ray.tracking._journal import Journal
from automl_on_ray.tracking._runs import Runs

PERIOD = 2.0  # seconds between batches while all is well
LONGEST_PERIOD = 60.0
SHARE = 0.03  # of a processor: the costlier a batch was, the longer the pause after it
LONGEST_BACKOFF = 30.0  # seconds between tries while the server is away
CHUNK = 1 << 20  # bytes of journal in one batch: what is ever held in memory

logger = logging.getLogger(__name__)


class Writer:
    """Started at once. `offset` bytes of the journal are at the server; `seconds` of CPU spent."""

    def __init__(self, journal: Journal, runs: Runs) -> None:
        self._journal = journal
        self._runs = runs
        stored = journal.acknowledged()
        same_store = stored.get("uri") == runs.uri  # another one gets the whole journal
        self.offset = int(stored.get("offset", 0)) if same_store else 0
        if same_store:
            runs.aliases.update(stored.get("aliases", {}))
        self.seconds = 0.0
        self.error: Exception | None = None
        self._hurry = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="tracking", daemon=True)
        self._thread.start()

    def close(self, patience: float) -> bool:
        """Write what is left; whether all was. Gives up `patience` seconds after the last success.

        Whatever is left stays in the journal for the next writer.
        """
        self._closing = True
        self._hurry.set()
        seen, deadline = self.offset, time.monotonic() + patience
        while self._thread.is_alive() and time.monotonic() < deadline:
            self._thread.join(0.05)
            if self.offset > seen:
                seen, deadline = self.offset, time.monotonic() + patience
        self._abandoned = self._thread.is_alive()
        return self.offset == self._journal.size

    _abandoned = False

    def _run(self) -> None:
        backoff = 0.5
        while not self._abandoned:
            began = time.thread_time()
            try:
                self._write_all()
                spent = time.thread_time() - began
                self.error, backoff = None, 0.5
                pause = min(max(PERIOD, spent / SHARE), LONGEST_PERIOD)
            except Exception as error:
                spent = time.thread_time() - began
                if self.error is None:
                    logger.warning("MLflow is away, the journal keeps what it misses: %s", error)
                self.error, pause = error, backoff
                backoff = min(2 * backoff, LONGEST_BACKOFF)
            self.seconds += spent
            if self._closing and self.offset == self._journal.size:
                return
            if self._closing:
                time.sleep(min(pause, 1.0))
            else:
                self._hurry.wait(pause)

    def _write_all(self) -> None:
        while self.offset < self._journal.size and not self._abandoned:
            ops, end = self._journal.read(self.offset, CHUNK)
            self._runs.apply(ops)
            self._journal.acknowledge({"offset": end, **self._runs.state()})
            self.offset = end
