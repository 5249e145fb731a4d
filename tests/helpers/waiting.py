"""Waiting for what other processes and threads do."""

import socket
import time
from collections.abc import Callable
from subprocess import Popen
from typing import Any


def wait_until(
    true: Callable[[], Any],
    seconds: float = 150,
    process: Popen[Any] | None = None,
    pause: float = 0.02,
) -> None:
    """Return as soon as `true()`, which is asked for every `pause` seconds.

    Raises:
        TimeoutError: it was not for so long.
        AssertionError: the process that was to make it so has ended; with what it said.
    """
    deadline = time.monotonic() + seconds
    while True:
        ended = process is not None and process.poll() is not None
        if true():
            return
        assert not ended, process.communicate() if process else None
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(pause)


def listens(port: int) -> bool:
    """Whether something does, on this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """One of this machine that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
