"""Commands as a user of another home runs them, with a Ray of that home."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
RAY = ("-c", "from ray.scripts.scripts import main; main()")
# What follows sees no process but its own: Ray finds the Ray of any user of the machine.
ALONE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")


def at(home, *command, under=(), **environment):
    """As a user of that home: what a Ray of this process asks for is in this one's home."""
    not_theirs = ("RAY_ADDRESS", "RAY_AUTH_MODE")
    env = {key: value for key, value in os.environ.items() if key not in not_theirs}
    return subprocess.run(
        [*under, sys.executable, *command], cwd=ROOT, text=True, capture_output=True, timeout=120,
        env={**env, "HOME": str(home), **environment},
    )  # fmt: skip


def alone():
    """Whether that can be done here."""
    try:
        return subprocess.run([*ALONE, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def start_head(home, *options, **environment):
    """`ray start --head`; the home's path must be short, as Ray makes sockets there."""
    started = ("start", "--head", "--port=0", *options)
    return at(home, *RAY, *started, RAY_TMPDIR=str(home), **environment)


def end_all(home):
    """End what was started there."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.pid != os.getpid() and str(home) in " ".join(one.cmdline()):
                one.kill()
                found.append(one)
    psutil.wait_procs(found, 10)
