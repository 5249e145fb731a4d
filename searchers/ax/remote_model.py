"""A model in another process: one object that can be pickled and outlives that process.

It is sent events, and asked to "suggest"; the answers come in order. From the snapshot that came
with the last answer, and the events since, another process goes on exactly as this one would have.

The first answers may be those of an `Opening`, here: the model would give the same, and seconds
later, as its process imports Ax first. It is sent all the same, and its answers are passed over.
"""

import functools
import os
import queue
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces.core import UserError, cache_folder
from automl_on_ray.searchers._unvisited_members import Exhausted
from automl_on_ray.searchers.ax.process import AxWorker, Message
from automl_on_ray.searchers.sobol import Opening

MAX_RESTARTS = 3
LIBRARIES = ("ax-platform", "botorch", "gpytorch", "torch")


class RemoteModel:
    """`model` is "module:Class", made there from `start`; `waiting` counts unanswered suggests.

    `trust` is what the model said of its sources with the last answer.
    """

    def __init__(self, model: str, start: Any, opening: Opening | None = None) -> None:
        self._model, self._start = model, start
        self._opening = opening
        self._answered = 0  # suggests in the log that it has answered
        self._answers: list[Any] = []  # of the opening, not yet received
        self._worker: AxWorker | None = None
        self._log: list[Message] = []
        self._restarts = 0
        self.waiting = 0
        self.trust: dict[str, float] = {}

    def send(self, method: str, *arguments: Any) -> None:
        """An event, or "suggest"; only the latter needs the process to be there."""
        self._log.append((method, arguments))
        self.waiting += method == "suggest"
        if self._worker is not None:
            self._worker.send((method, arguments))
        if not self._opens(method, arguments) and method == "suggest":
            self.wake()

    def _opens(self, method: str, arguments: tuple[Any, ...]) -> bool:
        """Whether this belongs to the opening, which is then told, or asked."""
        if self._opening is not None and method == "suggest" and self._opening.is_over:
            self._opening = None
        if self._opening is None:
            return False
        try:
            answer = getattr(self._opening, method)(*arguments)
        except Exhausted:
            answer = None
        if method == "suggest":
            self._answers.append(answer)
            self._answered += 1
        return True

    def wake(self) -> None:
        """Start the process, if there is none: it will be needed."""
        if self._worker is None:
            self._go_on()

    def receive(self, timeout: float | None) -> Any:
        """The oldest unanswered suggestion; `timeout` in seconds, None: as long as it takes.

        Raises queue.Empty if it is not ready, UserError for what the model raised, as another would
        raise it too, and RuntimeError if the process dies again and again.
        """
        if self._answers:
            self.waiting -= 1
            return self._answers.pop(0)
        while self._answered:
            self._reply(timeout)
            self._answered -= 1
        answer = self._reply(timeout)
        self.waiting -= 1
        return answer

    def _reply(self, timeout: float | None) -> Any:
        self.wake()
        assert self._worker is not None
        try:
            reply = self._worker.receive(timeout)
        except EOFError:
            self._restarts += 1
            if self._restarts > MAX_RESTARTS:
                raise RuntimeError("Ax's process died again and again; see its output.") from None
            self._go_on()
            raise queue.Empty from None
        if isinstance(reply, str):
            raise _cannot_go_on(reply)
        answer, trust, snapshot = reply
        self._restarts = 0
        if snapshot is not None:
            self._start, self.trust = snapshot, trust
            done = [method for method, _ in self._log].index("suggest") + 1
            self._log = self._log[done:]
        return answer

    @property
    def has_process(self) -> bool:
        """Whether its process was started."""
        return self._worker is not None

    def pid(self) -> int:
        """Of the process; waits until it has begun."""
        self.wake()
        assert self._worker is not None
        return self._worker.pid.result()

    def get_ready(self) -> None:
        """Wait until the process has its model. UserError if the Ax that is here does not do.

        Where it has done before, an opening begins without it.
        """
        if self._opening is not None and self._worker is None and os.path.exists(_known_to_do()):
            return
        self.wake()
        assert self._worker is not None
        try:
            self._worker.ready()
        except EOFError:  # `receive` tries again
            return
        except UserError as error:
            raise _cannot_go_on(str(error)) from None
        with suppress(OSError):
            _known_to_do().parent.mkdir(parents=True, exist_ok=True)
            _known_to_do().touch()

    def close(self) -> None:
        """End the process; it would end with this one anyhow."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_worker": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Also of one that was saved before there were openings."""
        self.__dict__.update({"_opening": None, "_answered": 0, "_answers": [], **state})

    def _go_on(self) -> None:
        """A process that stands where the last one, or the saved model, stood."""
        self._worker = AxWorker(self._model, self._start, self._log)


@functools.cache
def _known_to_do() -> Path:
    """A file that is there once these versions of Ax and its libraries had a model here.

    What we use of their insides has a part in its name.
    """
    parts = [sys.prefix, Path(__file__).with_name("internals.py").read_text()]
    for library in LIBRARIES:
        with suppress(PackageNotFoundError):
            parts.append(version(library))
    return cache_folder() / "ax-does" / sha256("\n".join(parts).encode()).hexdigest()[:16]


def _cannot_go_on(reason: str) -> UserError:
    return UserError(f"Ax cannot go on: {' '.join(reason.split())}")
