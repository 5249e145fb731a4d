"""What a command costs until its first line, and until its first trial is at work: CPU seconds of
all its processes, by what they are, and seconds of the clock.

    python -m benchmarks.start_up.first_trial
    python -m benchmarks.start_up.first_trial --only hpo --repeats 3

A trial is at work when Ray calls its process by the trial's step. What other processes of the
machine do lengthens the clock, and the CPU seconds a little; the load is told beside them.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

PAUSE = 0.05  # seconds between two looks at the processes
AT_WORK = (".train", ".step")  # what Ray calls a process whose trial does a step
# A part of the command line, and what such a process is. The first that fits is it.
KINDS = {
    "searchers.ax.process": "Ax",
    "gcs_server": "Ray's own",
    "raylet/raylet": "Ray's own",
    "ray/dashboard": "Ray's own",
    "ray/autoscaler": "Ray's own",
    "log_monitor.py": "Ray's own",
    "runtime_env/agent": "Ray's own",
    "ray::Dashboard": "Ray's own",
    "ray::RuntimeEnv": "Ray's own",
    "ray::IDLE": "idle workers",
    "default_worker.py": "idle workers",
    "ray::": "the trial",
}
COLUMNS = ("driver", "Ray's own", "the trial", "idle workers", "Ax", "others")
Only = Annotated[list[str] | None, typer.Option(help="These commands, by name. Default: all.")]


def commands(folder: Path) -> dict[str, list[str]]:
    """By name what is typed. Its data are small, so that the start is what is seen."""
    table = folder / "table.csv"
    rows = (f"{n % 7},{n * 37 % 11},{'ab'[n % 7 > 3]}" for n in range(300))
    table.write_text("\n".join(("one,two,kind", *rows)))
    usual = ["--storage", str(folder / "runs"), "--trials", "4"]
    return {
        "hpo": ["workflows/hpo.py", "--dataset", "digits", "--epochs", "2", *usual],
        "hpo, random": ["workflows/hpo.py", "--dataset", "digits", "--epochs", "2",
                        "--searcher", "random", *usual],
        "automl": ["workflows/automl.py", str(table), "--target", "kind", *usual],
    }  # fmt: skip


def look(driver: psutil.Process, spent: dict[int, tuple[str, float]]) -> bool:
    """Note what each process has spent by now; whether a trial is at work."""
    works = False
    for process in [driver, *driver.children(recursive=True)]:
        try:
            words = " ".join(process.cmdline())
            times = process.cpu_times()
        except psutil.Error:
            continue
        kind = "driver" if process.pid == driver.pid else kind_of(words)
        spent[process.pid] = kind, times.user + times.system
        works = works or (words.startswith("ray::") and words.strip(" ()").endswith(AT_WORK))
    return works


def kind_of(words: str) -> str:
    return next((kind for part, kind in KINDS.items() if part in words), "others")


def start(typed: list[str]) -> dict[str, float]:
    """Seconds until the first line, until the first trial, and CPU seconds by kind."""
    with tempfile.NamedTemporaryFile() as printed:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, *typed], stdout=printed, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        driver, first_line, line_cpu = psutil.Process(process.pid), 0.0, 0.0
        spent: dict[int, tuple[str, float]] = {}
        try:
            while not look(driver, spent):
                if not first_line and os.stat(printed.name).st_size:
                    first_line = time.monotonic() - began
                    line_cpu = sum(seconds for _, seconds in spent.values())
                assert process.poll() is None, Path(printed.name).read_text()
                time.sleep(PAUSE)
            whole = time.monotonic() - began
        finally:
            end(process)
    by_kind: defaultdict[str, float] = defaultdict(float)
    for kind, seconds in spent.values():
        by_kind[kind] += seconds
    return {"first line, clock": first_line, "first line, CPU": line_cpu, "clock": whole,
            "CPU": sum(by_kind.values()), **by_kind}  # fmt: skip


def end(process: "subprocess.Popen[bytes]") -> None:
    """As by Ctrl-C, twice; what is still there a while later is killed."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            continue
    for each in (process, *family):
        try:
            each.kill()
        except psutil.Error:
            continue


def main(only: Only = None, repeats: int = 3) -> None:
    names = ("first line, clock", "first line, CPU", "clock", "CPU", *COLUMNS)
    table = Table("command", *names)
    with tempfile.TemporaryDirectory() as folder:
        for name, typed in commands(Path(folder)).items():
            if only and name not in only:
                continue
            runs = [
                start([*typed, "--name", f"{name.replace(', ', '-')}-{number}"])
                for number in range(repeats)
            ]
            found = (median(run.get(one, 0.0) for run in runs) for one in names)
            table.add_row(name, *(f"{each:.2f}" for each in found))
    load = os.getloadavg()[0]
    Console(width=160).print(
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, load {load:.1f}, "
        f"median of {repeats}", table,
    )  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
