"""What a table of so many rows and columns takes: of memory, on disk and of CPU time.

    python -m benchmarks.tabular.memory --rows 1000000 --columns 20
    python -m benchmarks.tabular.memory --rows 20000 --columns 2000 --model linear

It makes a Parquet file of numbers, reads it in a process of its own as `workflows/automl.py` does,
and then does the first two steps of a trial in another: a part of a fold, and a whole one. The
peak is of a process with all that it has started, by the PSS of what no file is behind: pages of
mapped files are given back when another process needs memory. It is looked at every `PERIOD`.
Boosting ends early, once a fit took `LIMIT`: more rounds need no more memory.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from ray import tune

from automl_on_ray.search_spaces.tables import SPACE
from automl_on_ray.trainables.tables import TablePipeline, load_table
from benchmarks.tabular._candidates import FOREST, LIGHTGBM, LINEAR, NEIGHBOURS

PERIOD, LIMIT = 0.5, 200.0  # seconds
MEGABYTE = 2**20
GROUP = 50_000  # rows that are written at once
CONFIGS = {one["model"]: one for one in (LIGHTGBM, LINEAR, FOREST, NEIGHBOURS)}


def write(path: Path, rows: int, columns: int, kind: str) -> None:
    """Normal numbers, and a target `y` of two classes that the first ten of them tell."""
    names = [f"x{place}" for place in range(columns)]
    schema = pa.schema([*((name, pa.type_for_alias(kind)) for name in names), ("y", pa.int8())])
    generator = np.random.default_rng(0)
    with pq.ParquetWriter(path, schema) as file:
        for start in range(0, rows, GROUP):
            count = min(GROUP, rows - start)
            made = generator.standard_normal((columns, count), np.float32).astype(kind)
            told = made[:10].sum(axis=0) + generator.standard_normal(count)
            file.write_table(pa.table([*made, (told > 0).astype(np.int8)], schema))


def read(path: Path) -> None:
    load_table({"dataset": str(path), "target": "y"})


def trial(path: Path, model: str) -> None:
    """Its first two steps; what each of them says of itself is printed."""
    given = {"space": SPACE, "dataset": str(path), "target": "y", "time_limit": LIMIT}
    one = tune.with_parameters(TablePipeline, **given)(config=dict(CONFIGS[model]))
    try:
        for _ in range(2):
            told = one.step()
            print(f"  {told['rows']:,} rows fitted, auc {told['val_auc']:.4f}", flush=True)
    finally:
        one.cleanup()


def measured(*words: str) -> tuple[float, float]:
    """The peak (MB) and the CPU seconds of this module with these words, and all it has started."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.tabular.memory", *words])
    peak, seconds = 0.0, dict[int, float]()
    while process.poll() is None:
        peak = max(peak, _looked(process.pid, seconds))
        time.sleep(PERIOD)
    if process.returncode:
        raise typer.Exit(process.returncode)
    return peak, sum(seconds.values())


def _looked(pid: int, seconds: dict[int, float]) -> float:
    """MB now; and the CPU time of each process that is there, into `seconds`."""
    total = 0.0
    with suppress(psutil.Error):
        whole = psutil.Process(pid)
        for each in (whole, *whole.children(recursive=True)):
            with suppress(psutil.Error, OSError):
                text = Path(f"/proc/{each.pid}/smaps_rollup").read_text()
                found = re.search(r"Pss_Anon:\s+(\d+) kB", text)
                total += int(found[1]) / 1024 if found else 0.0
                seconds[each.pid] = sum(each.cpu_times()[:2])
    return total


def main(
    rows: Annotated[int, typer.Option()],
    columns: Annotated[int, typer.Option()],
    kind: Annotated[str, typer.Option(help="Of the file: float64 or float32.")] = "float64",
    model: Annotated[str, typer.Option(help=", ".join(CONFIGS))] = "lightgbm",
    step: Annotated[str, typer.Option(hidden=True)] = "",
    path: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Print a line for the reading and one for a trial."""
    if path is not None:
        if step == "read":
            read(path)
        else:
            trial(path, model)
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AUTOML_CACHE_DIR"] = str(Path(folder, "cache"))
        file = Path(folder, "table.parquet")
        write(file, rows, columns, kind)
        size = rows * columns * 8 / MEGABYTE
        print(f"{rows:,} x {columns:,} numbers: {size:,.0f} MB as float64, in a file of {kind}")
        words = ("--rows", "0", "--columns", "0", "--path", str(file), "--model", model)
        for each in ("read", "trial"):
            peak, seconds = measured(*words, "--step", each)
            print(f"{each}: {peak:,.0f} MB at the peak, {seconds:.0f} CPU seconds", flush=True)


if __name__ == "__main__":
    typer.run(main)
