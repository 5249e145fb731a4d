"""Ax in a process of its own: Tune's loop never waits for it, and the driver never imports it.

Messages go down a pipe in the order of events and are worked off one by one, so a suggestion is a
function of what was sent before it, and not of time. Each suggestion comes back with a snapshot of
the model; from that and the messages since, another process goes on exactly as this one would have.

A process and not a thread: a running trial's longest wait at its report was 0.02 s against 0.31 s
(benchmarks/searcher_latency.py), since the thread holds the interpreter's lock.
"""

import importlib
import logging
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import traceback
import warnings
import weakref
from typing import IO, Any

import cloudpickle

Message = tuple[str, tuple[Any, ...]]  # a method of the model, and its arguments
NICENESS = 5


class AxWorker:
    """The driver's end. `model` is "module:Class"; `start` what it is made from, or a snapshot."""

    def __init__(self, model: str, start: Any, log: list[Message]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "searchers._ax_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What the driver can import, so must the model's process: values come by reference.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._replies: queue.Queue[Any] = queue.Queue()
        self._outbox: queue.Queue[Any] = queue.Queue()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # The threads hold the pipes, not this object: when it is no longer used, the process ends.
        for target, pipe, box in (
            (_read, self._process.stdout, self._replies),
            (_write, self._process.stdin, self._outbox),
        ):
            threading.Thread(target=target, args=(pipe, box), daemon=True).start()
        weakref.finalize(self, self._process.kill)
        self._outbox.put((model, start))
        for message in log:
            self.send(message)

    def send(self, message: Message) -> None:
        """Never blocks, not even while the model thinks and its pipe is full."""
        self._outbox.put(message)

    def receive(self, timeout: float | None = 0.0) -> Any:
        """The next reply: (config, snapshot), or (None, None) at the end of a finite space.

        Raises queue.Empty if there is none within `timeout` seconds (None waits for ever), EOFError
        if the process has died.
        """
        reply = self._replies.get(block=timeout is None or timeout > 0, timeout=timeout or None)
        if isinstance(reply, EOFError):
            self._replies.put(reply)
            raise reply
        return reply

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def _read(pipe: IO[bytes], replies: "queue.Queue[Any]") -> None:
    try:
        while True:
            replies.put(_load(pipe))
    except EOFError as end:
        replies.put(end)


def _write(pipe: IO[bytes], outbox: "queue.Queue[Any]") -> None:
    try:
        while True:
            _dump(outbox.get(), pipe)
    except (BrokenPipeError, OSError):
        pass  # the reader tells


def _dump(value: Any, pipe: IO[bytes]) -> None:
    text = cloudpickle.dumps(value)  # values may be of classes of the user's own script
    pipe.write(struct.pack("<Q", len(text)) + text)
    pipe.flush()


def _load(pipe: IO[bytes]) -> Any:
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    (length,) = struct.unpack("<Q", head)
    text = pipe.read(length)
    if len(text) < length:
        raise EOFError
    return pickle.loads(text)


def main() -> None:
    """The model's end: work off messages until the driver is gone."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the driver
    own_stdout, sys.stdout = sys.stdout.buffer, sys.stderr  # nothing else may enter the pipe
    warnings.filterwarnings("ignore")
    logging.disable(logging.INFO)  # Ax and its libraries greet the terminal when imported
    from searchers._ask_tell import Exhausted
    from searchers._ax_model import quiet

    quiet()
    messages: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, messages), daemon=True).start()
    name, start = messages.get()
    module, _, kind = name.partition(":")
    make = getattr(importlib.import_module(module), kind)
    model = pickle.loads(start) if isinstance(start, bytes) else make(start)
    while True:
        method, arguments = messages.get()
        if method != "suggest":
            getattr(model, method)(*arguments)
            continue
        try:
            reply = (model.suggest(*arguments), cloudpickle.dumps(model))
        except Exhausted:
            reply = (None, None)
        _dump(reply, own_stdout)


def _receive(pipe: IO[bytes], messages: "queue.Queue[Any]") -> None:
    """When the driver has gone, so does the model, in the middle of a fit if need be."""
    while True:
        try:
            messages.put(_load(pipe))
        except EOFError:
            os._exit(0)
        except BaseException:  # a silent end of this thread would leave the driver waiting
            traceback.print_exc()
            os._exit(1)


if __name__ == "__main__":
    main()
