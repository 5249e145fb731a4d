"""Ends on a head all that its cluster runs: Ray everywhere, MLflow, and its backup."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.store import save

DATABASE = Path("~/mlflow/mlflow.db")
BACKUP = "automl_on_ray.tracking.store.backup keep"
GRACE = 20.0  # seconds that MLflow has for what it is just writing


def stop_all() -> bool:
    """Whether all was ended, and MLflow's database copied; what was not is told."""
    config = bootstrap()
    # The head's first: its autoscaler would start that of workers again.
    stopped = subprocess.run([_ray(), "stop"], check=False).returncode == 0  # it tells why
    unreached = stop_workers(config)
    # No other MLflow of this user's.
    stop(f"--backend-store-uri sqlite:///{DATABASE.expanduser()}", BACKUP)
    saved = last_copy()
    for address in unreached:
        console.print(
            f"{address} cannot be reached: its Ray ends by itself in a minute or two.",
            soft_wrap=True,
        )
    return stopped and saved and not unreached


def bootstrap() -> dict[str, Any]:
    """The cluster's file, as `ray up` leaves it on the head."""
    path = Path("~/ray_bootstrap_config.yaml").expanduser()
    if not path.exists():
        raise UserError(
            "This is no head of a cluster; run `ray submit FILE.yaml workflows/stop_cluster.py` "
            "where you ran `ray up FILE.yaml`."
        )
    config: dict[str, Any] = yaml.safe_load(path.read_text())
    return config


def stop_workers(config: dict[str, Any]) -> list[str]:
    """Those that could not be reached. On AWS there are none to stop: `ray down` ends machines."""
    addresses = config["provider"].get("worker_ips", [])
    auth = config["auth"]
    options = ["BatchMode=yes", "ConnectTimeout=10", "StrictHostKeyChecking=no",
               "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]  # fmt: skip
    key = os.path.expanduser(auth["ssh_private_key"])
    ssh = ["ssh", "-i", key, *(word for option in options for word in ("-o", option))]

    def reached(address: str) -> bool:
        where = f"{auth['ssh_user']}@{address}"
        # As Ray runs its own commands there.
        line = "bash --login -c -i 'source ~/.bashrc; ray stop' 2> /dev/null"
        return subprocess.run([*ssh, where, line], check=False).returncode == 0

    with ThreadPoolExecutor(max_workers=16) as pool:
        done = list(pool.map(reached, addresses))
    return [address for address, ok in zip(addresses, done, strict=True) if not ok]


def stop(*commands: str) -> None:
    """All of this user's processes that run one of these, and what they have started."""
    found = [pid for words in commands for pid in running(words)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in found:
            _signal(pid, number)
        deadline = time.monotonic() + GRACE
        while any(map(_alive, found)) and time.monotonic() < deadline:
            time.sleep(0.2)


def running(words: str) -> list[int]:
    """This user's processes with these words in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            if words in line and folder.stat().st_uid == os.getuid():
                found.append(int(folder.name))
        except OSError:  # it has ended
            continue
    return [pid for pid in found if pid != os.getpid()]


def last_copy() -> bool:
    """Of MLflow's database, where the next head finds it. False if it could not be made."""
    database, storage = DATABASE.expanduser(), os.environ.get("AUTOML_STORAGE")
    if not database.exists() or not storage:
        return True
    try:
        save(database, f"{storage}/mlflow/mlflow.db")
    except (OSError, sqlite3.Error) as error:
        console.print(
            f"The last copy of MLflow's database could not be made: {error}", soft_wrap=True
        )
        return False
    console.print(f"MLflow's database is in {storage}/mlflow.", soft_wrap=True)
    return True


def _ray() -> str:
    return str(Path(sys.executable).with_name("ray"))


def _signal(pid: int, number: int) -> None:
    """To its whole group, which `setsid` made its own."""
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
