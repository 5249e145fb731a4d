"""Metrics per second of our tracker against Ray's MLflowLoggerCallback, and its share of a study.

    python benchmarks/tracking_throughput.py

Both log the same results of the same trials through the hooks that Ray Tune calls, to a fresh
store each; the clock stops when all is in the store. Ratios hold on any machine; rates do not.
"""

import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import Study, TrackingCallback
from automl_on_ray.tracking.store import connect, default_uri

TRIALS, KEYS = 4, 10
STUDY_TRIALS, STUDY_EPOCHS, EPOCH_SECONDS, SLOTS = 16, 4, 2.0, 2


def main() -> None:
    logging.disable(logging.INFO)
    for name, store in (("SQLite", sqlite_store), ("HTTP", http_store)):
        with store() as uri:
            theirs = rate(uri, ray_callback(uri), steps=10)
        with store() as uri:
            ours = rate(uri, our_callback(uri), steps=250)
        print(
            f"{name}: Ray's callback {theirs:.0f} metrics/s, ours {ours:.0f}: {ours / theirs:.0f}x"
        )
    with sqlite_store() as uri:
        print(share_of_a_study(uri))


def rate(uri: str, callback: MLflowLoggerCallback | TrackingCallback, steps: int) -> float:
    """Metrics a second from the first hook until the store has every one of them."""
    callback.setup()
    trials = [
        Trial("x", stub=True, trial_id=f"t_{n:05d}", config={"lr": 0.1}) for n in range(TRIALS)
    ]
    for trial in trials:  # making runs is not what is measured, nor is setting up a database
        callback.on_trial_start(iteration=0, trials=trials, trial=trial)
    if isinstance(callback, TrackingCallback):
        wait_for(lambda: len(callback.runs_known()) == TRIALS + 1)
    began = time.perf_counter()
    for step in range(1, steps + 1):
        for trial in trials:
            metrics = {f"metric_{key}": key + 1 / step for key in range(KEYS)}
            result = {**metrics, "training_iteration": step, "timesteps_total": None}
            callback.on_trial_result(iteration=step, trials=trials, trial=trial, result=result)
    if isinstance(callback, TrackingCallback):
        assert callback.study_end("completed")
    seconds = time.perf_counter() - began
    check(uri, steps)
    return TRIALS * KEYS * steps / seconds


def check(uri: str, steps: int) -> None:
    """All of it is there, or the rate means nothing."""
    client = connect(uri)
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = [run for run in client.search_runs(ids) if "metric_9" in run.data.metrics]
    assert len(runs) == TRIALS
    for run in runs:
        assert len(client.get_metric_history(run.info.run_id, "metric_9")) == steps


def share_of_a_study(uri: str) -> str:
    """Seconds in Tune's loop and CPU seconds of the writer, over a study's wall time."""
    callback = our_callback(uri)
    began = time.perf_counter()
    callback.setup()
    spent_at_start = callback.loop_seconds
    todo = [
        Trial("x", stub=True, trial_id=f"t_{n:05d}", config={f"h{k}": k for k in range(12)})
        for n in range(STUDY_TRIALS)
    ]
    for first in range(0, STUDY_TRIALS, SLOTS):
        running = todo[first : first + SLOTS]
        for trial in running:
            callback.on_trial_start(iteration=0, trials=todo, trial=trial)
        for epoch in range(1, STUDY_EPOCHS + 1):
            time.sleep(EPOCH_SECONDS)  # the training
            for trial in running:
                result = {f"metric_{key}": key / epoch for key in range(KEYS)}
                result |= {"accuracy": epoch / 10, "training_iteration": epoch}
                callback.on_trial_result(iteration=epoch, trials=todo, trial=trial, result=result)
                trial.run_metadata.last_result = result
        for trial in running:
            callback.on_trial_complete(iteration=0, trials=todo, trial=trial)
    in_loop, calls = callback.loop_seconds - spent_at_start, callback.loop_calls - 1
    assert callback.study_end("completed")
    wall = time.perf_counter() - began
    cpu = callback.writer_seconds
    return (
        f"Study of {STUDY_TRIALS} trials, {STUDY_EPOCHS} epochs of {EPOCH_SECONDS} s, {SLOTS} at a "
        f"time, {wall:.0f} s with its end: {in_loop / calls * 1e6:.0f} us a hook, "
        f"loop {in_loop / wall:.2%} + start {spent_at_start / wall:.2%} + "
        f"writer CPU {cpu / wall:.2%} of wall time"
    )


def our_callback(uri: str) -> TrackingCallback:
    study = Study("bench", (Objective("accuracy"),), "digits", "d", "s", "random", "fifo", 0,
                  "python x.py", "bench", STUDY_EPOCHS)  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="journal"))
    return TrackingCallback(uri=uri, experiment="bench", study=study, folder=folder)


def ray_callback(uri: str) -> MLflowLoggerCallback:
    return MLflowLoggerCallback(tracking_uri=uri, experiment_name="bench")


def wait_for(ready: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "the store did not answer"
        time.sleep(0.01)


@contextmanager
def sqlite_store() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        uri = default_uri(Path(folder))
        connect(uri).search_experiments()  # sets it up
        yield uri


@contextmanager
def http_store() -> Iterator[str]:
    """A server process on a fresh SQLite file, as a team would have."""
    with sqlite_store() as backend, served(backend) as uri:
        yield uri


@contextmanager
def served(backend: str) -> Iterator[str]:
    """A server process on a SQLite store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--port", port]
        command += ["--host", "127.0.0.1", "--backend-store-uri", backend]
        command += ["--artifacts-destination", f"{backend.removeprefix('sqlite:///')}-artifacts"]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        uri = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: healthy(uri), 90)
            yield uri
        finally:
            os.killpg(server.pid, 15)
            server.wait()


def healthy(uri: str) -> bool:
    try:
        urllib.request.urlopen(f"{uri}/health", timeout=2).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
