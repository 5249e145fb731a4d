"""What a study asks of a bucket: requests and bytes, by trial, by epoch and by minute.

    python -m benchmarks.storage_requests

A study of scikit-learn's digits on a simulated S3 (moto's) of this machine, told apart by the
server's own log. Twice, with twice as many epochs, so that what each epoch costs can be seen.
"""

import logging
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import boto3
import typer
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parents[1]
KINDS = {
    "checkpoints": r"/checkpoint_",
    "results of trials": r"/(result|params|progress|error)[^/]*$",
    "Tune's state": r"experiment_state|tuner.pkl|searcher|callback|scheduler|kept.tar",
    "the study's own files": r"",
}


class Requests(logging.Handler):
    """Counts what the server logs: method, and what kind of object."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[tuple[str, str]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(r"(GET|PUT|POST|HEAD|DELETE) (\S+)", record.getMessage())
        if found:
            path = found[2].partition("?")[0]
            kind = next(kind for kind, pattern in KINDS.items() if re.search(pattern, path))
            self.seen[kind, found[1]] += 1


def study(uri: str, folder: Path, trials: int, epochs: int) -> None:
    command = [
        sys.executable, ROOT / "workflows" / "hpo.py", "--storage", uri, "--dataset", "digits",
        "--trials", trials, "--epochs", epochs, "--scheduler", "fifo", "--searcher", "random",
        "--final-seeds", 0, "--name", f"requests-{epochs}", "--slots", 2,
        "--tracking-uri", f"sqlite:///{folder}/mlflow.db",
    ]  # fmt: skip
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def main(
    trials: Annotated[int, typer.Option()] = 8, epochs: Annotated[int, typer.Option()] = 8
) -> None:
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    boto3.client("s3").create_bucket(Bucket="studies")
    log = logging.getLogger("werkzeug")
    log.propagate = False
    log.addHandler(logging.NullHandler())  # else it writes to the terminal
    counted = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder  # the copy of a study on this machine's disk
        for each in (epochs, 2 * epochs):
            requests = Requests()
            log.addHandler(requests)
            study("s3://studies/runs", Path(folder), trials, each)
            log.removeHandler(requests)
            counted.append(requests.seen)
    server.stop()
    few, many = counted
    print(f"{'':<24}{'method':<8}{'a trial':>9}{'an epoch':>10}")
    for kind, method in sorted(set(few) | set(many)):
        epoch = (many[kind, method] - few[kind, method]) / trials / epochs
        trial = few[kind, method] / trials - epochs * epoch
        print(f"{kind:<24}{method:<8}{trial:>9.1f}{epoch:>10.2f}")
    print(f"in all, {trials} trials of {epochs} epochs: {few.total()}")


if __name__ == "__main__":
    typer.run(main)
