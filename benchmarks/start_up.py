"""What the start of a driver, and of a worker that trains on digits, costs in CPU time.

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

DRIVER = "import workflows.hpo"
WORKER = "from trainables.datasets._dataset import load_dataset; load_dataset('digits')"
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


def main() -> None:
    table = Table("process", "CPU seconds", "as before", "ratio")
    for name, codes in CASES.items():
        seconds(codes[0])  # the cache, and the disk's
        runs = [[seconds(code) for code in codes] for _ in range(REPEATS)]
        now, then = (median(column) for column in zip(*runs, strict=True))
        table.add_row(name, f"{now:.2f}", f"{then:.2f}", f"{now / then:.2f}")
    Console().print(time.strftime("%Y-%m-%d"), table)


if __name__ == "__main__":
    main()
