"""Starts a command that ends when the process that started it ends, however that ends.

Standard input is a pipe whose other end only the starter has, and never writes to. When it breaks,
the command and all that it has started are told to end, and killed if they do not.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

GRACE = 10.0  # seconds that it has for what it is just writing


def start_tethered(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """As subprocess.Popen does; `stdin` of what is returned is the tether. SIGTERM ends all of it.

    The code is the command's.
    """
    # By its file, in isolation: what is in the user's folder is not to take a module's place.
    tether = [sys.executable, "-P", __file__, *command]
    return subprocess.Popen(tether, stdin=subprocess.PIPE, start_new_session=True, **options)


def main() -> None:
    enough = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: enough.set())
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    for end in (sys.stdin.buffer.read, command.wait):
        threading.Thread(target=_wait_for, args=(end, enough), daemon=True).start()
    enough.wait()
    _end_all(command)
    os._exit(command.returncode or 0)  # without waiting for the thread that reads


def _wait_for(end: Callable[[], object], enough: threading.Event) -> None:
    end()
    enough.set()


def _end_all(command: "subprocess.Popen[bytes]") -> None:
    """The command, and on POSIX, where they are of its group, what it has started too."""
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        deadline = time.monotonic() + GRACE
        while _signal(command, number) and time.monotonic() < deadline:
            number = 0
            time.sleep(0.05)


def _signal(command: "subprocess.Popen[bytes]", number: int) -> bool:
    """Whether anything was left to send it to; 0 only asks."""
    if not hasattr(os, "killpg"):
        if number and command.returncode is None:
            command.terminate()
        return command.returncode is None
    try:
        os.killpg(command.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
