"""What a node reports about itself to `doctor.py --live`; runs there, as a task."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from automl_on_ray.clusters.storage_probe import write

TORCH_SECONDS = 100


@dataclass(frozen=True)
class NodeDisk:
    """That of a folder which trials fill: what is free, in GB and as a part of all."""

    folder: str
    free: float
    part: float


@dataclass(frozen=True)
class Seen:
    """`gpus` are None if torch cannot be imported; `unwritten` is why the storage was not written.

    The latter is None if all went well.
    """

    gpus: int | None
    disks: tuple[NodeDisk, ...]
    unwritten: str | None


def look(name: str, probe: str | None) -> Seen:
    """All of it; a file of that name is left in the folder `probe`, if there is one."""
    return Seen(torch_gpus(), disks(), write(probe, name) if probe else None)


def clock() -> float:
    return time.time()


def torch_gpus() -> int | None:
    """GPUs that torch sees here, though Ray hides them from a task that asks for none."""
    environment = {k: v for k, v in os.environ.items() if k != "CUDA_VISIBLE_DEVICES"}
    done = subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.cuda.device_count())"],
        env=environment, capture_output=True, text=True, timeout=TORCH_SECONDS,
    )  # fmt: skip
    return int(done.stdout) if done.returncode == 0 else None


def disks() -> tuple[NodeDisk, ...]:
    """Where Ray keeps its objects and logs, and where data sets are cached; often the same disk."""
    found: dict[int, NodeDisk] = {}
    for folder in (Path(tempfile.gettempdir()), Path.home()):
        usage = shutil.disk_usage(folder)
        one = NodeDisk(str(folder), usage.free / 1e9, usage.free / usage.total)
        found.setdefault(folder.stat().st_dev, one)
    return tuple(found.values())
