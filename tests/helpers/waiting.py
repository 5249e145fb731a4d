"""Waiting for what other processes and threads do."""

import time
from collections.abc import Callable
from subprocess import Popen
from typing import Any


def wait_until(
    true: Callable[[], Any], seconds: float = 150, process: Popen[Any] | None = None
) -> None:
    """Return as soon as `true()`.

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
        time.sleep(0.02)
