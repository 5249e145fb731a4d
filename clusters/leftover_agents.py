"""Agents that a local Ray leaves running for a minute after its driver was killed.

They see within seconds that their raylet has ended, and then wait a minute for an answer of Ray's
store, which has ended with it. A shell that outlives the driver ends them.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from automl_on_ray.schedulers.tune_internals import ray_has_ended

# Its input ends with the driver. A process is known by its id and by when it began.
_SHELL = """
read nothing
sleep 3
for mark in "$@"; do
    began=$(cut -d' ' -f22 "/proc/${mark%:*}/stat")
    [ "$began" = "${mark#*:}" ] && kill -9 "${mark%:*}"
done
"""

_shells: list[subprocess.Popen[bytes]] = []  # kept: one that is forgotten loses its input


def end_with_driver() -> None:
    """Have what the raylet of this process has started end when this process is killed."""
    with suppress(psutil.Error, OSError):  # without /proc it ends by itself, a minute later
        raylets = [p for p in psutil.Process().children() if p.name() == "raylet"]
        agents = [agent.pid for raylet in raylets for agent in raylet.children()]
        shell = subprocess.Popen(
            ["sh", "-c", _SHELL, "sh", *(f"{agent}:{_began(agent)}" for agent in agents)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        _shells.append(shell)


def leave_a_stopped_ray(kind: object, error: BaseException | None, trace: object) -> None:
    """At the end of a study: exit at once where Ray was stopped too. For `ExitStack.push`."""
    if isinstance(error, SystemExit) and ray_has_ended():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(error.code or 0))


def _began(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().split()[21]
