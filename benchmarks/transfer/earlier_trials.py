"""CPU seconds in which all trials of a store are read, as --warm-start reads them.

    python -m benchmarks.transfer.earlier_trials --studies 10 --trials 1000 --server

The store is a SQLite file; with --server it is asked through `mlflow server` too. One study is
written by our tracker, and its rows are copied within the database. Beside it stands what a call
for each trial takes, as it was before runs had tags with config and curve: of the first few.
"""

import argparse
import logging
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import Study, TrackingCallback
from automl_on_ray.tracking.store import (
    EarlierTrial,
    connect,
    default_uri,
    earlier_studies,
    earlier_trials,
    with_configs,
    with_curves,
)
from benchmarks.tracking_throughput import served

STEPS, KEYS, METRICS, ONE_BY_ONE = 10, 10, 5, 50
# Tables with rows of a run, and their column with its id.
TABLES = {
    "runs": "run_uuid", "tags": "run_uuid", "params": "run_uuid", "latest_metrics": "run_uuid",
    "metrics": "run_uuid", "inputs": "destination_id",
}  # fmt: skip

Result = TypeVar("Result")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--studies", type=int, default=10)
    words.add_argument("--trials", type=int, default=1000, help="of each study")
    words.add_argument("--server", action="store_true")
    asked = words.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        uri = default_uri(Path(folder))
        write_study(uri, Path(folder) / "journal")
        multiply(Path(folder) / "mlflow.db", asked.studies, asked.trials)
        report("SQLite", uri)
        if asked.server:
            with served(uri) as address:
                report("server", address)


def write_study(uri: str, folder: Path) -> None:
    """A study of one trial, by the tracker that all studies have."""
    study = Study("bench", (Objective("metric_0"),), "digits", "d", "s", "random", "fifo", 0,
                  "python x.py", "study-0", STEPS, domains={"lr": {}})  # fmt: skip
    connect(uri).search_experiments()  # sets it up
    tracker = TrackingCallback(uri=uri, experiment="bench", study=study, folder=folder)
    tracker.setup()
    config = {f"key_{key}": 0.1 * key for key in range(KEYS)}
    trial = Trial("x", stub=True, trial_id="t_00000", config=config)
    for step in range(1, STEPS + 1):
        metrics = {f"metric_{number}": number + 1 / step for number in range(METRICS)}
        result = {**metrics, "training_iteration": step}
        tracker.on_trial_result(iteration=0, trials=[trial], trial=trial, result=result)
        trial.update_last_result(result)
    tracker.on_trial_complete(iteration=0, trials=[trial], trial=trial)
    assert tracker.study_end("completed") or tracker.send_rest()  # of a machine that is busy


def multiply(database: Path, studies: int, trials: int) -> None:
    """So many studies, of so many trials each, out of the one that is there."""
    with closing(sqlite3.connect(database)) as opened, opened:
        roles = dict(
            opened.execute("SELECT value, run_uuid FROM tags WHERE key = 'automl.role'").fetchall()
        )
        for study in range(studies):
            for number in range(trials):
                if study or number:
                    copy_run(opened, roles["trial"], f"{study:06d}{number:026d}")
            if study:
                copy_run(opened, roles["study"], f"{study:06d}{'f' * 26}")
            opened.execute(
                "UPDATE tags SET value = ? WHERE key = 'automl.study_id' AND run_uuid LIKE ?",
                (f"study-{study}", f"{study:06d}%"),
            )


def copy_run(opened: sqlite3.Connection, original: str, name: str) -> None:
    for table, column in TABLES.items():
        columns = [row[1] for row in opened.execute(f"PRAGMA table_info({table})")]
        values = {"input_uuid": "lower(hex(randomblob(16)))"} if table == "inputs" else {}
        taken = ["?" if one == column else values.get(one, one) for one in columns]
        opened.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(taken)} FROM {table} "
            f"WHERE {column} = ?",
            (name, original),
        )


def report(name: str, uri: str) -> None:
    connect(uri).search_experiments()  # MLflow is imported, and the store is open
    studies, of_studies = timed(lambda: earlier_studies(uri))
    found, of_trials = timed(lambda: earlier_trials(uri, studies, ["metric_0"]))
    trials = [trial for each in found.values() for trial in each]
    assert all(trial.config and trial.curve for trial in trials)
    _, singly = timed(lambda: one_by_one(uri, trials[:ONE_BY_ONE]))
    each = singly / min(ONE_BY_ONE, len(trials))
    print(
        f"{name}: {len(studies)} studies in {of_studies:.2f} s, their {len(trials):,} trials in "
        f"{of_trials:.1f} s of this process's CPU ({1000 * of_trials / len(trials):.2f} ms each); "
        f"config and curve by calls of their own {1000 * each:.1f} ms each: "
        f"{each * len(trials) / of_trials:.0f}x"
    )


def one_by_one(uri: str, trials: list[EarlierTrial]) -> None:
    bare = [replace(trial, config=None, curve=None) for trial in trials]
    found = with_curves(uri, with_configs(uri, bare), ["metric_0"], whole=STEPS + 1)
    assert [one.curve for one in found] == [one.curve for one in trials]


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """And CPU seconds of this process, which others on the machine do not change."""
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


if __name__ == "__main__":
    main()
