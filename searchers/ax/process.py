"""Runs Ax in a process of its own: Tune's loop never waits for it, the driver never imports it.

Messages go down a pipe in the order of events and are worked off one by one, so a suggestion is a
function of what was sent before it, and not of time. Each suggestion comes back with a snapshot of
the model; from that and the messages since, another process goes on exactly as this one would have.

A process and not a thread: a running trial's longest wait at its report was 0.02 s against 0.31 s
(benchmarks/searcher_latency.py), since the thread holds the interpreter's lock. To import Ax takes
seconds, so one process does that once, and each model's is forked from it.
"""

import atexit
import contextlib
import functools
import importlib
import logging
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import traceback
import warnings
import weakref
from concurrent.futures import Future
from multiprocessing.connection import Connection
from typing import Any

import cloudpickle

from automl_on_ray.search_spaces.core import UserError

Message = tuple[str, tuple[Any, ...]]  # a method of the model, and its arguments
NICENESS = 5
PASSING = (MemoryError, OSError)  # errors that another process may not meet
# Elsewhere than on Linux, libraries of the system may not work in a forked process.
FORKS = sys.platform == "linux"


class AxWorker:
    """The driver's end. `model` is "module:Class"; `start` what it is made from, or a snapshot.

    `pid`, of its process, comes when the model is there.
    """

    def __init__(self, model: str, start: Any, log: list[Message]) -> None:
        end = _forked()
        self.pid: Future[int] = Future()
        self._replies: queue.Queue[Any] = queue.Queue()
        self._outbox: queue.Queue[Any] = queue.Queue()
        # The threads hold the pipe, not this object: when it is no longer used, the process ends.
        pipe = Connection(os.dup(end.fileno()))
        for target, arguments in (
            (_read, (pipe, self.pid, self._replies)),
            (_write, (pipe, self._outbox, self._replies)),
        ):
            threading.Thread(target=target, args=arguments, daemon=True).start()
        self.close = weakref.finalize(self, _hang_up, end, self._outbox)
        # What the driver can import, so must the model's process: values come by reference.
        self._outbox.put(_path())
        self._outbox.put((model, start))
        for message in log:
            self.send(message)

    def ready(self) -> None:
        """Wait until the model is there; EOFError if its process died, UserError if it has none."""
        self.pid.result()

    def send(self, message: Message) -> None:
        """Never blocks, not even while the model thinks and its pipe is full."""
        self._outbox.put(message)

    def receive(self, timeout: float | None = 0.0) -> Any:
        """The next reply: (config, trust, snapshot), or (None, None, None) at the end of a finite
        space; or as text what the model raised and would raise again, after which there is nothing
        more. `trust` is what the model says of sources, if it has any.

        Raises queue.Empty if there is none within `timeout` seconds (None waits for ever), EOFError
        if the process has died.
        """
        reply = self._replies.get(block=timeout is None or timeout > 0, timeout=timeout or None)
        if isinstance(reply, EOFError):
            self._replies.put(reply)
            raise EOFError  # not `reply`: with its traceback it would keep all that waits for it
        return reply


def _forked() -> socket.socket:
    """A pipe to a new process for a model."""
    ours, theirs = _pipe()
    with theirs:
        if not FORKS:
            _start(theirs)
            return ours
        try:
            socket.send_fds(_server()[1], [b"."], [theirs.fileno()])
        except OSError:  # it was killed
            _server.cache_clear()
            socket.send_fds(_server()[1], [b"."], [theirs.fileno()])
    return ours


@functools.cache
def _server() -> tuple["subprocess.Popen[bytes]", socket.socket]:
    """A process that imports Ax, and what it is asked by: the end of a pipe for each model."""
    ours, theirs = _pipe()
    with theirs:
        return _start(theirs), ours


def _start(end: socket.socket) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        # -P: else what is called as our packages in the current folder would come before them.
        [sys.executable, "-P", "-m", "automl_on_ray.searchers.ax.process"],
        stdin=end.fileno(),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_path())},
        process_group=0,  # a terminal's Ctrl-C is for the driver, also while this one imports
    )
    atexit.register(process.kill)  # while it imports, it would not notice
    return process


def _pipe() -> tuple[socket.socket, socket.socket]:
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(True)  # whatever default timeout the user's code has set
    return ends


def _path() -> list[str]:
    return [path or os.getcwd() for path in sys.path]


def _hang_up(end: socket.socket, outbox: "queue.Queue[Any]") -> None:
    """The process ends when its pipe does; so do the threads."""
    with end, contextlib.suppress(OSError):  # if it has ended before
        end.shutdown(socket.SHUT_RDWR)
    outbox.put(None)


def _read(pipe: Connection, pid: "Future[int]", replies: "queue.Queue[Any]") -> None:
    try:
        first = pickle.loads(pipe.recv_bytes())
        if isinstance(first, str):  # the model cannot be made
            pid.set_exception(UserError(first))
            replies.put(first)
        else:
            pid.set_result(first)
        while True:
            replies.put(pickle.loads(pipe.recv_bytes()))
    except BaseException as error:  # a silent end would leave the driver waiting
        if not isinstance(error, EOFError | OSError):  # which is how a killed one ends
            traceback.print_exc()
        if not pid.done():
            pid.set_exception(EOFError())
        replies.put(EOFError())


def _write(pipe: Connection, outbox: "queue.Queue[Any]", replies: "queue.Queue[Any]") -> None:
    try:
        while True:
            _send(pipe, outbox.get())
    except OSError:
        pass  # the reader tells
    except BaseException:
        traceback.print_exc()
        replies.put(EOFError())


def _send(pipe: Connection, value: Any) -> None:
    pipe.send_bytes(cloudpickle.dumps(value))  # values may be of classes of the user's own script


def main() -> None:
    """Import Ax, then fork a process for each pipe that comes, until the driver is gone."""
    os.nice(NICENESS)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a model's process ended
    sys.stdout = sys.stderr
    warnings.filterwarnings("ignore")
    logging.disable(logging.INFO)  # Ax and its libraries greet the terminal when imported
    with contextlib.suppress(UserError):  # of an Ax that does not fit: each model's process tells
        from automl_on_ray.searchers.ax.model import quiet

        quiet()
    if not FORKS:
        _serve(Connection(os.dup(sys.stdin.fileno())))
        return
    driver = socket.socket(fileno=sys.stdin.fileno())
    while True:
        asked, ends, _, _ = socket.recv_fds(driver, 1, 1)
        if not asked:
            return
        if os.fork() == 0:
            break
        os.close(ends[0])
    driver.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _serve(Connection(ends[0]))


def _serve(pipe: Connection) -> None:
    """The model's end: work off messages until the driver is gone."""
    from automl_on_ray.searchers._unvisited_members import Exhausted

    try:
        sys.path[:] = pickle.loads(pipe.recv_bytes())
    except (EOFError, OSError):  # nobody wants it any more
        return
    messages: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_receive, args=(pipe, messages), daemon=True).start()
    name, start = messages.get()
    module, _, kind = name.partition(":")
    try:
        make = getattr(importlib.import_module(module), kind)
        model = pickle.loads(start) if isinstance(start, bytes) else make(start)
        _send(pipe, os.getpid())
    except Exception as error:
        _fail(pipe, error)
        return
    while True:
        method, arguments = messages.get()
        try:
            if method != "suggest":
                getattr(model, method)(*arguments)
                continue
            answer = model.suggest(*arguments)
            reply = (answer, getattr(model, "trust", {}), cloudpickle.dumps(model))
        except Exhausted:
            reply = (None, None, None)
        except Exception as error:
            if method == "suggest" or isinstance(error, PASSING):
                _fail(pipe, error)
                return
            print(f"The model passes over {method} of {arguments}: {error!r}", file=sys.stderr)
            continue
        _send(pipe, reply)


def _fail(pipe: Connection, error: Exception) -> None:
    """Tell the driver of an error that must recur; another is this process's end."""
    if isinstance(error, PASSING):
        raise error
    if not isinstance(error, UserError):
        traceback.print_exception(error)
    _send(pipe, str(error) or repr(error))


def _receive(pipe: Connection, messages: "queue.Queue[Any]") -> None:
    """When the driver has gone, so does the model, in the middle of a fit if need be."""
    while True:
        try:
            messages.put(pickle.loads(pipe.recv_bytes()))
        except (EOFError, OSError):
            os._exit(0)
        except BaseException:  # a silent end of this thread would leave the driver waiting
            traceback.print_exc()
            os._exit(1)


if __name__ == "__main__":
    main()
