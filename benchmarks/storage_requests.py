"""What a study asks of a bucket: requests and bytes, by trial, by epoch and by minute.

    python -m benchmarks.storage_requests
    python -m benchmarks.storage_requests --growth 8,16,32 --epochs 4
    python -m benchmarks.storage_requests --copied 1000,10000

A study of scikit-learn's digits on a simulated S3 (moto's) of this machine, told apart by the
server's own log. Twice, with twice as many epochs, so that what each epoch costs can be seen.

With --growth: studies of so many trials, and what one of Ray's syncs asks for, by kind of file.
With --copied: what one sync of so many trials costs where studies are kept in a folder.
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

ROOT = Path(__file__).parents[1]
KINDS = {
    "checkpoints": r"/checkpoint_",
    "results of trials": r"/(result|params|progress|error)[^/]*$",
    "Tune's state": r"experiment_state|tuner.pkl|searcher|callback|scheduler|kept.tar",
    "the study's own files": r"",
}
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

    def last_sync(self) -> Counter[str]:
        """Requests of the last one, by kind of file. It uploads all: the last PUT of each is its.

        It makes the folders first, when all trials have ended; a few of the study's own are
        counted with them.
        """
        latest = {path: place for place, (m, path) in enumerate(self.order)
                  if m == "PUT" and _synced(path)}  # fmt: skip
        counted: Counter[str] = Counter()
        for path in latest:
            methods = [method for method, other in self.order if other == path]
            puts, posts = methods.count("PUT"), methods.count("POST")
            counted[_synced(path)] += round((puts + posts) / puts)  # POST, PUT, POST
        before = self.order[: min(latest.values())]
        while _synced(before[-1][1]):  # POSTs: uploads that have begun
            before.pop()
        for method, path in reversed(before):
            if _synced(path) or "/checkpoint_" in path:
                break
            counted["folders"] += _is_of_folder(method, path)
        return counted


def _is_of_folder(method: str, path: str) -> bool:
    """Also whether the bucket is there, which is asked before a folder is made."""
    made, asked = method == "PUT", method == "HEAD"
    return (made and path.endswith("/")) or (asked and path.count("/") == 1)


def _synced(path: str) -> str:
    if STAGE not in path or "/checkpoint_" in path:
        return ""
    return next((kind for kind, pattern in SYNCED.items() if re.search(pattern, path)), "")


def study(uri: str, folder: Path, trials: int, epochs: int) -> Requests:
    command = [
        sys.executable, ROOT / "workflows" / "hpo.py", "--storage", uri, "--dataset", "digits",
        "--trials", trials, "--epochs", epochs, "--scheduler", "fifo", "--searcher", "random",
        "--final-seeds", 0, "--name", f"requests-{trials}-{epochs}", "--slots", 2,
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
    """What a sync asks for, by the number of trials."""
    kinds = ("folders", *SYNCED)
    print(f"{'':<16}{'':>8}{'a sync,':>9}  the last sync")
    print(f"{'trials':>8}{'in all':>8}{'syncs':>8}{'files':>9}{'':>2}{'in all':>8}{'a trial':>9}"
          + "".join(f"{kind:>10}" for kind in kinds))  # fmt: skip
    for trials in counts:
        seen = study(URI, folder, trials, epochs)
        syncs, last = seen.syncs(), seen.last_sync()
        print(f"{trials:>8}{seen.seen.total():>8}{syncs:>8}{seen.in_syncs() / syncs:>9.0f}{'':>2}"
              f"{last.total():>8}{(last.total() - last['state']) / trials:>9.1f}"
              + "".join(f"{last[kind]:>10}" for kind in kinds), flush=True)  # fmt: skip


def copied(folder: Path, counts: list[int]) -> None:
    """Ray's own copying of files as its loggers write them, from one folder to another."""
    print(f"{'trials':>8}{'files':>8}{'CPU, s':>8}{'clock, s':>10}")
    for trials in counts:
        here, there = folder / f"here-{trials}", folder / f"there-{trials}"
        for trial in range(trials):
            (here / f"trial-{trial}").mkdir(parents=True)
            for name in LOGGED:
                (here / f"trial-{trial}" / name).write_bytes(b"x" * 4096)
        began, used = time.perf_counter(), time.process_time()
        _upload_to_fs_path(str(here), LocalFileSystem(), str(there))
        print(f"{trials:>8}{trials * len(LOGGED):>8}{time.process_time() - used:>8.1f}"
              f"{time.perf_counter() - began:>10.1f}", flush=True)  # fmt: skip


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
