"""What the start of a driver, and of a worker that trains on digits, costs in CPU time, and what
the start of a second model of Ax takes.

    python -m benchmarks.start_up

Each beside the same with what it imported before as well; in turn, so that a machine that slows
down does so for both.
"""

import os
import subprocess
import sys
import time
from statistics import median

from rich.console import Console
from rich.table import Table

from automl_on_ray.searchers.ax.process import AxWorker, _server

DRIVER = "import automl_on_ray.workflows.hpo"
WORKER = (
    "from automl_on_ray.trainables.datasets._dataset import load_dataset; load_dataset('digits')"
)
CASES = {
    "driver": (DRIVER, f"{DRIVER}, scipy.stats, matplotlib.pyplot"),
    "worker": (WORKER, f"{WORKER}; import sklearn.datasets"),
}
REPEATS = 5


def seconds(code: str) -> float:
    """Of CPU, all threads, until the process has ended."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return after.children_user + after.children_system - before[2] - before[3]


def ready(*, alone: bool) -> float:
    """Seconds until a process for a model has Ax; `alone`: one that imports it for itself."""
    if alone:
        _server.cache_clear()
    began = time.perf_counter()
    worker = AxWorker("builtins:list", (), [])
    worker.pid.result()
    worker.close()
    return time.perf_counter() - began


def main() -> None:
    table = Table("process", "CPU seconds", "as before", "ratio")
    for name, codes in CASES.items():
        seconds(codes[0])  # the cache, and the disk's
        runs = [[seconds(code) for code in codes] for _ in range(REPEATS)]
        now, then = (median(column) for column in zip(*runs, strict=True))
        table.add_row(name, f"{now:.2f}", f"{then:.2f}", f"{now / then:.2f}")
    Console().print(time.strftime("%Y-%m-%d"), table)
    models = [(ready(alone=True), ready(alone=False)) for _ in range(REPEATS)]
    own, forked = (median(column) for column in zip(*models, strict=True))
    print(f"A second model of Ax: {forked:.3f} s until its process is there, {own:.2f} s before")


if __name__ == "__main__":
    main()
