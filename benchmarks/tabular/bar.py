"""The bar for tables: ours beside FLAML and AutoGluon, at equal CPU seconds on the same splits.

    python -m benchmarks.tabular.environments FOLDER                 # once
    python -m benchmarks.tabular.bar --out bar.jsonl --anchors FOLDER    # hours; goes on
    python -m benchmarks.tabular.bar --out bar.jsonl --table

Each run is a process of its own on one thread. Its budget is in CPU seconds from the moment it has
its packages and the rows for training to a model that can predict. FLAML and AutoGluon think that
CPU time is the clock. "ours" are the parts of `workflows/automl.py` in one process: `_ours.py`.
The test is a fifth of the rows, and nothing but a prediction is made of it.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

from benchmarks.tabular.data import JUDGING, DataSet, by_name, read, split
from benchmarks.tabular._exchange import ONE_THREAD, Asked, read_answer, write_asked
from benchmarks.tabular._standings import CONSTANT, by_data_set, differences, standings
from benchmarks.tabular.environments import python_of

CONTROLS = ("constant", "linear", "boosting")
OURS = ("random", "tpe", "ax", "portfolio", "controller")
ANCHORS = {"flaml": "flaml", "autogluon": "autogluon", "autogluon-best": "autogluon"}
WAYS = (*CONTROLS, *OURS, *ANCHORS)
PATIENCE = 20  # a run is ended after so many times its budget by the clock
ROOT = Path(__file__).parents[2]


def program(way: str) -> str:
    """The module that runs a way."""
    if way in ANCHORS:
        return f"benchmarks.tabular._{ANCHORS[way]}"
    return "benchmarks.tabular._controls" if way in CONTROLS else "benchmarks.tabular._ours"


def run(
    way: str, data_set: DataSet, seed: int, seconds: float, anchors: Path | None
) -> dict[str, Any]:
    """One line. A run that fails or is ended has `error`, its last words."""
    train, test = split(read(data_set), data_set, seed)
    classes = () if data_set.task == "regression" else tuple(sorted(set(train[data_set.target])))
    asked = Asked(
        way, data_set.name, data_set.target, data_set.task, data_set.metric, seconds, seed, classes
    )
    line = {"way": way, "set": data_set.name, "seed": seed, "seconds": seconds,
            "metric": data_set.metric}  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="bar-"))
    try:
        write_asked(folder, asked, train, test)
        python = python_of(anchors or Path(), ANCHORS[way]) if way in ANCHORS else sys.executable
        error = _failure([str(python), "-m", program(way), str(folder)], PATIENCE * seconds + 300)
        if error:
            return {**line, "error": error}
        predictions, facts = read_answer(folder)
        return {**line, "value": value(data_set, test[data_set.target], predictions), **facts}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _failure(command: list[str], patience: float) -> str:
    """What ended a process before its end; "" for one that ended well."""
    environment = {**os.environ, **ONE_THREAD}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=patience,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"not done after {patience:.0f} s by the clock"
    if not done.returncode:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:300]


def value(data_set: DataSet, answers: pd.Series, predictions: np.ndarray) -> float:
    """The metric on the test. Probabilities are scaled to a sum of 1, and cut at 1e-15."""
    if data_set.task == "regression":
        return float(root_mean_squared_error(answers, predictions))
    likely = np.clip(predictions, 1e-15, None)
    likely /= likely.sum(axis=1, keepdims=True)
    classes = sorted(set(answers))
    if data_set.task == "binary":
        return float(roc_auc_score(answers == classes[1], likely[:, 1]))
    return float(log_loss(answers, likely, labels=classes))


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    anchors: Annotated[
        Path | None, typer.Option(help="Folder with the environments of FLAML and AutoGluon.")
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Print the tables of what is there.")
    ] = False,
    way: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    data_set: Annotated[
        list[str] | None, typer.Option("--set", help="Only this one; may be repeated.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="CPU seconds of a run.")] = 60,
    seeds: Annotated[int, typer.Option(help="Of each data set and way.")] = 3,
    first_seed: Annotated[int, typer.Option(help="The others follow it.")] = 0,
) -> None:
    """Run what is missing, or print the tables."""
    known = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    known = [line for line in known if line["seconds"] == seconds]
    sets = by_name(data_set, JUDGING)
    if table:
        _print([line for line in known if line["set"] in {each.name for each in sets}], way)
        return
    done = {(line["way"], line["set"], line["seed"]) for line in known}
    for seed, each, name in itertools.product(
        range(first_seed, first_seed + seeds), sets, way or WAYS
    ):
        if (name, each.name, seed) in done:
            continue
        line = run(name, each, seed, seconds, anchors)
        with out.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(*line.values(), flush=True)


def _print(known: list[dict[str, Any]], asked: list[str] | None) -> None:
    """Of the ways that were asked for, or that have lines; and of the constant, as it is 0."""
    shown = {*(asked or (line["way"] for line in known)), CONSTANT}
    ways = _among(WAYS, shown)
    ours, others = _among(OURS, ways), _among(ANCHORS, ways)
    for lines in (
        standings(known, ways), differences(known, ways, ours, others), by_data_set(known, ways)
    ):  # fmt: skip
        print("\n".join(lines), end="\n\n")


def _among(some: Iterable[str], ways: Collection[str]) -> list[str]:
    return [way for way in some if way in ways]


if __name__ == "__main__":
    sys.argv[0] = "bar.py"
    typer.run(main)
