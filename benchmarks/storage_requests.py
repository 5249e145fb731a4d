"""What a study asks of a bucket: requests and bytes, by trial, by epoch and by minute.

    python -m benchmarks.storage_requests
    python -m benchmarks.storage_requests --growth 8,16,32 --epochs 4
    python -m benchmarks.storage_requests --copied 1000,10000

A study of scikit-learn's digits on a simulated S3 (moto's) of this machine, told apart by the
server's own log. Twice, with twice as many epochs, so that what each epoch costs can be seen.

With --growth: studies of so many trials, and what copying Ray's own files asks for.
With --copied: what copying so many once more costs where studies are kept in a folder.
"""

import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import boto3
import typer
from moto.server import ThreadedMotoServer
from pyarrow.fs import LocalFileSystem
from ray.train._internal.storage import _upload_to_fs_path

from automl_on_ray.schedulers.tune_internals import Sent, upload

ROOT = Path(__file__).parents[1]
KINDS = {
    "checkpoints": r"/checkpoint_",
    "results of trials": r"/(result|params|progress|error)[^/]*$",
    "Tune's state": r"experiment_state|tuner.pkl|searcher|callback|scheduler|kept.tar",
    "the study's own files": r"",
}
AS_RAY = """
import contextlib, runpy, sys
from automl_on_ray.studies import tuner
tuner.changes_only = contextlib.nullcontext
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
URI, STAGE = "s3://studies/runs", "/search/"
LOGGED = ("params.json", "params.pkl", "result.json", "progress.csv", "events.out.tfevents")
SYNCED = {  # what Ray uploads in a sync, by the ends of the names
    "params": r"/params\.(json|pkl)$",
    "result": r"/result\.json$",
    "progress": r"/progress\.csv$",
    "tfevents": r"/events\.out[^/]*$",
    "error": r"/error\.(txt|pkl)$",
    "state": r"/(experiment_state|searcher-state|search_gen_state|callback-states)[^/]*$",
}


class Requests(logging.Handler):
    """Counts what the server logs: method, and what kind of object."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[tuple[str, str]] = Counter()
        self.order: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"(GET|PUT|POST|HEAD|DELETE) (\S+)", record.getMessage())
        if found:
            path = found[2].partition("?")[0]
            kind = next(kind for kind, pattern in KINDS.items() if re.search(pattern, path))
            self.seen[kind, found[1]] += 1
            self.order.append((found[1], path))

    def syncs(self) -> int:
        """How often Ray has uploaded the folder of its experiment."""
        return sum(m == "PUT" and "/experiment_state-" in path for m, path in self.order)

    def in_syncs(self) -> int:
        """Requests for files that syncs upload, in all of them."""
        return sum(m in ("PUT", "POST") and bool(_synced(path)) for m, path in self.order)


def _synced(path: str) -> str:
    if STAGE not in path or "/checkpoint_" in path:
        return ""
    return next((kind for kind, pattern in SYNCED.items() if re.search(pattern, path)), "")


def study(uri: str, folder: Path, trials: int, epochs: int, *, as_ray: bool = False) -> Requests:
    name = f"requests-{trials}-{epochs}{'-ray' if as_ray else ''}"
    script = ROOT / "workflows" / "hpo.py"
    command = [
        sys.executable, *(["-c", AS_RAY, script] if as_ray else [script]),
        "--storage", uri, "--dataset", "digits",
        "--trials", trials, "--epochs", epochs, "--scheduler", "fifo", "--searcher", "random",
        "--final-seeds", 0, "--name", name, "--slots", 2,
        "--tracking-uri", f"sqlite:///{folder}/mlflow.db",
    ]  # fmt: skip
    requests = Requests()
    log = logging.getLogger("werkzeug")
    log.addHandler(requests)
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    log.removeHandler(requests)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return requests


def by_epochs(folder: Path, trials: int, epochs: int) -> None:
    """What a trial asks for, and what each epoch of it."""
    few, many = (study(URI, folder, trials, each).seen for each in (epochs, 2 * epochs))
    print(f"{'':<24}{'method':<8}{'a trial':>9}{'an epoch':>10}")
    for kind, method in sorted(set(few) | set(many)):
        epoch = (many[kind, method] - few[kind, method]) / trials / epochs
        trial = few[kind, method] / trials - epochs * epoch
        print(f"{kind:<24}{method:<8}{trial:>9.1f}{epoch:>10.2f}")
    print(f"in all, {trials} trials of {epochs} epochs: {few.total()}")


def by_trials(folder: Path, counts: list[int], epochs: int) -> None:
    """What a study's syncs ask for, by the number of trials; and as Ray makes them."""
    print(f"{'':<8}{'as it is':>24}{'as Ray does':>24}")
    print(f"{'trials':>8}" + f"{'in all':>8}{'syncs':>8}{'of them':>8}" * 2)
    for trials in counts:
        row = f"{trials:>8}"
        for as_ray in (False, True):
            seen = study(URI, folder, trials, epochs, as_ray=as_ray)
            row += f"{seen.seen.total():>8}{seen.syncs():>8}{seen.in_syncs():>8}"
        print(row, flush=True)


def copied(folder: Path, counts: list[int]) -> None:
    """Files as Ray's loggers write them, from one folder to another: again, nothing has changed."""
    print(f"{'trials':>8}{'files':>8}{'again, CPU s':>14}{'as Ray does':>14}")
    for trials in counts:
        here, there = folder / f"here-{trials}", str(folder / f"there-{trials}")
        for trial in range(trials):
            (here / f"trial-{trial}").mkdir(parents=True)
            for name in LOGGED:
                (here / f"trial-{trial}" / name).write_bytes(b"x" * 4096)
        sent = Sent()
        upload(here, LocalFileSystem(), there, sent)
        times = [time.process_time()]
        upload(here, LocalFileSystem(), there, sent)
        times.append(time.process_time())
        _upload_to_fs_path(str(here), LocalFileSystem(), there)
        times.append(time.process_time())
        ours, rays = times[1] - times[0], times[2] - times[1]
        print(f"{trials:>8}{trials * len(LOGGED):>8}{ours:>14.2f}{rays:>14.2f}", flush=True)


def main(
    trials: Annotated[int, typer.Option()] = 8,
    epochs: Annotated[int, typer.Option()] = 8,
    growth: Annotated[str, typer.Option(help="Numbers of trials: what a sync asks for.")] = "",
    copies: Annotated[str, typer.Option("--copied", help="The same, in a folder.")] = "",
) -> None:
    if copies:
        with tempfile.TemporaryDirectory() as folder:
            copied(Path(folder), [int(count) for count in copies.split(",")])
        return
    log = logging.getLogger("werkzeug")
    log.propagate = False
    log.addHandler(logging.NullHandler())  # else it writes to the terminal
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    boto3.client("s3").create_bucket(Bucket="studies")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder  # the copy of a study on this machine's disk
        if growth:
            by_trials(Path(folder), [int(count) for count in growth.split(",")], epochs)
        else:
            by_epochs(Path(folder), trials, epochs)
    server.stop()


if __name__ == "__main__":
    typer.run(main)
