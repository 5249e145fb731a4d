"""What a way is asked, and what it answers, as files in a folder: each way is a process of its own.

It is imported in the environments of the other tools too, so it needs no more than they have.
"""

import json
import resource
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB", "LOKY")
} | {"LOKY_MAX_CPU_COUNT": "1", "RAYON_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class Asked:
    """`way` says which of a program's ways is meant; `seconds` are the CPU's, on one thread."""

    way: str
    data_set: str
    target: str
    task: str
    metric: str
    seconds: float
    seed: int
    classes: tuple[str, ...]  # sorted, as columns of probabilities; () for regression


def write_asked(folder: Path, asked: Asked, train: pd.DataFrame, test: pd.DataFrame) -> None:
    (folder / "asked.json").write_text(json.dumps(asdict(asked)))
    train.to_parquet(folder / "train.parquet")
    test.drop(columns=asked.target).to_parquet(folder / "test.parquet")


def read_asked(folder: Path) -> tuple[Asked, pd.DataFrame, pd.DataFrame]:
    """What is asked, the rows to learn from, and the features of those to predict."""
    known = json.loads((folder / "asked.json").read_text())
    asked = Asked(**{**known, "classes": tuple(known["classes"])})
    return asked, *(pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))


def write_answer(folder: Path, predictions: np.ndarray, facts: Mapping[str, Any]) -> None:
    """`predictions`: (n, classes) probabilities or (n,) values of the test's rows."""
    np.save(folder / "predictions.npy", np.asarray(predictions, dtype=np.float64))
    (folder / "facts.json").write_text(json.dumps(dict(facts)))


def read_answer(folder: Path) -> tuple[np.ndarray, dict[str, Any]]:
    predictions = np.load(folder / "predictions.npy", allow_pickle=False)
    return predictions, json.loads((folder / "facts.json").read_text())


def cpu_seconds() -> float:
    """Of this process and of all processes below it, also those that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:  # it ended just now
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


@contextmanager
def counted(facts: dict[str, Any], name: str) -> Iterator[None]:
    """Adds the CPU seconds of the block to `facts`."""
    began = cpu_seconds()
    yield
    facts[name] = round(cpu_seconds() - began, 2)


def count_cpu_instead_of_the_clock() -> None:
    """`time.time` and `time.perf_counter` go on with this process's CPU time from here on.

    A tool that is imported afterwards keeps its time limit in CPU seconds. So a budget is equal on
    a machine that others use as well. One second of a wait counts for nothing.
    """
    for name in ("time", "perf_counter"):
        setattr(time, name, _cpu_clock(getattr(time, name)(), time.process_time()))


def _cpu_clock(start: float, began: float) -> Any:
    return lambda: start + time.process_time() - began
