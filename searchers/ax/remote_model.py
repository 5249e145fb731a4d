"""A model in another process: one object that can be pickled and outlives that process.

It is sent events, and asked to "suggest"; the answers come in order. From the snapshot that came
with the last answer, and the events since, another process goes on exactly as this one would have.
"""

import queue
from typing import Any

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers.ax.process import AxWorker, Message

MAX_RESTARTS = 3


class RemoteModel:
    """`model` is "module:Class", made there from `start`; `waiting` counts unanswered suggests.

    `trust` is what the model said of its sources with the last answer.
    """

    def __init__(self, model: str, start: Any) -> None:
        self._model, self._start = model, start
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
        elif method == "suggest":
            self._go_on()

    def receive(self, timeout: float | None) -> Any:
        """The oldest unanswered suggestion; `timeout` in seconds, None: as long as it takes.

        Raises queue.Empty if it is not ready, UserError for what the model raised, as another would
        raise it too, and RuntimeError if the process dies again and again.
        """
        if self._worker is None:
            self._go_on()
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
        self.waiting -= 1
        self._restarts = 0
        if snapshot is not None:
            self._start, self.trust = snapshot, trust
            done = [method for method, _ in self._log].index("suggest") + 1
            self._log = self._log[done:]
        return answer

    def pid(self) -> int:
        """Of the process; waits until it has begun."""
        assert self._worker is not None
        return self._worker.pid.result()

    def get_ready(self) -> None:
        """Wait until the process has its model. UserError if the Ax that is here does not do."""
        if self._worker is None:
            self._go_on()
        assert self._worker is not None
        try:
            self._worker.ready()
        except EOFError:  # `receive` tries again
            return
        except UserError as error:
            raise _cannot_go_on(str(error)) from None

    def close(self) -> None:
        """End the process; it would end with this one anyhow."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_worker": None}

    def _go_on(self) -> None:
        """A process that stands where the last one, or the saved model, stood."""
        self._worker = AxWorker(self._model, self._start, self._log)


def _cannot_go_on(reason: str) -> UserError:
    return UserError(f"Ax cannot go on: {' '.join(reason.split())}")
