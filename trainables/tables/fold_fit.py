"""Fits a pipeline in a process of its own, which can be ended, and whose memory is limited.

The processes are forked from one that has the libraries imported (multiprocessing's forkserver), so
a fit costs no import. What comes back are files of numbers.
"""

import json
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import feather

from automl_on_ray.trainables.tables.models import LIBRARIES, FitSettings

FEATURES, ANSWERS, GROUPS = "features.arrow", "answers.npy", "groups.npy"
TOLD, PREDICTIONS, PRINTED = "told.json", "predictions.npy", "printed.txt"
PRELOADED = ["pyarrow.feather", "sklearn.ensemble", "sklearn.linear_model", "sklearn.preprocessing",
             "automl_on_ray.trainables.tables.fitted"]  # fmt: skip
# How libraries say that there was no memory: Python and Arrow, LightGBM, numpy, the system, PyTorch
# (two), OpenBLAS, and OpenMP for its threads.
NO_MEMORY = re.compile(
    r"MemoryError|std::bad_alloc|Unable to allocate|Cannot allocate memory|out of memory"
    r"|DefaultCPUAllocator|Memory allocation still failed|Resource temporarily unavailable",
    re.IGNORECASE,
)
SHOWN = 300  # characters of what a fit that failed has printed


class FitFailed(RuntimeError):  # noqa: N818
    """A fit raised an error, or its process ended; the message names it."""


class FitTooLong(FitFailed):
    """A fit took longer than its time limit and was ended."""


class FitTooLarge(FitFailed):
    """A fit needed more memory than its limit, or than there was."""


@dataclass(frozen=True)
class Fit:
    """The `rows` of a table to fit a config's pipeline with, and those `held` out, by position."""

    config: Mapping[str, Any]
    settings: FitSettings
    rows: np.ndarray
    held: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """Of the held rows (n, classes) probabilities or (n,) numbers; seconds for all of them."""

    predictions: np.ndarray
    fit_seconds: float
    predict_seconds: float


def write_rows(
    features: pd.DataFrame, answers: np.ndarray, folder: Path, *, groups: np.ndarray | None = None
) -> None:
    """Put a table where `fit_apart` has it read; `groups` are of the rows that may be fitted."""
    features.reset_index(drop=True).to_feather(folder / FEATURES, compression="uncompressed")
    np.save(folder / ANSWERS, answers, allow_pickle=False)
    if groups is not None:
        np.save(folder / GROUPS, groups, allow_pickle=False)


def fit_apart(fit: Fit, data: Path, target: Path, *, memory_limit: int | None) -> Outcome:
    """Fit rows that `write_rows` has put to `data`, and save the pipeline in the folder `target`.

    `fit.settings.time_limit` is from now on: start, fit, prediction and saving. `memory_limit` is
    in bytes, of what the process asks for beside its libraries; Linux alone keeps to it. No process
    is left. Raises FitTooLong, FitTooLarge, or FitFailed with the name and text of what the fit
    raised.
    """
    target.mkdir(parents=True, exist_ok=True)
    limit, started = fit.settings.time_limit, time.monotonic()  # one clock of all processes
    fit = replace(fit, settings=replace(fit.settings, started=started))
    process = _start(fit, data, target, memory_limit)
    try:
        process.join(None if limit is None else max(0.0, started + limit - time.monotonic()))
        if process.is_alive():
            raise FitTooLong(
                f"The fit of {fit.config['model']} took longer than its limit of {limit:g} seconds."
            )
    finally:
        process.kill()
        process.join()
    return _read(fit, target, process.exitcode)


def _start(fit: Fit, data: Path, target: Path, memory_limit: int | None) -> BaseProcess:
    known = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in known else "spawn")
    # Heeded before the first fit alone; a library that comes later is imported by each fit.
    library = LIBRARIES.get(fit.config["model"])
    context.set_forkserver_preload([*PRELOADED, *([library] if library else [])])
    process: BaseProcess = context.Process(
        target=_run, args=(fit, data, target, memory_limit), daemon=True
    )
    with _main_hidden():
        process.start()
    return process


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Else each fit would run the main module anew: Ray's worker, or a user's script."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _read(fit: Fit, target: Path, code: int | None) -> Outcome:
    """What the process has left; the files that are no part of a pipeline are removed."""
    paths = [target / name for name in (TOLD, PREDICTIONS, PRINTED)]
    told = json.loads(paths[0].read_text()) if paths[0].exists() else None
    predictions = np.load(paths[1], allow_pickle=False) if paths[1].exists() else None
    printed = paths[2].read_text(errors="replace") if paths[2].exists() else ""
    for path in paths:
        path.unlink(missing_ok=True)
    if told is not None and predictions is not None:
        return Outcome(predictions, **told)
    if told is None:
        told = {"text": f"{_ending(code)} {' '.join(printed.split())[-SHOWN:]}".strip()}
    told = f"The fit of {fit.config['model']} failed: {told['text']}"
    lacks_memory = code == -signal.SIGKILL or NO_MEMORY.search(told)
    raise (FitTooLarge if lacks_memory else FitFailed)(told)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"its process was ended by {signal.Signals(-code).name}."
    return f"its process ended with code {code}."


# In the process of a fit


def _run(fit: Fit, data: Path, target: Path, memory_limit: int | None) -> None:
    threading.Thread(target=_end_with_the_trial, daemon=True).start()
    printed = os.open(target / PRINTED, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(printed, stream)
    try:
        if memory_limit is not None:
            _limit_memory(memory_limit)
        told: dict[str, Any] = _fit(fit, data, target)
    except Exception as error:
        told = {"text": f"{type(error).__name__}: {error}"}
    (target / TOLD).write_text(json.dumps(told))


def _end_with_the_trial() -> None:
    trial = multiprocessing.parent_process()
    assert trial is not None
    trial.join()
    os._exit(1)


def _limit_memory(limit: int) -> None:
    """Beside what its libraries have taken when the process begins."""
    status = Path("/proc/self/status")
    if not status.exists():
        return
    import resource

    found = re.search(r"VmData:\s+(\d+) kB", status.read_text())
    before = 1024 * int(found[1]) if found else 0
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = before + limit if most == resource.RLIM_INFINITY else min(before + limit, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def _fit(fit: Fit, data: Path, target: Path) -> dict[str, float]:
    from automl_on_ray.trainables.tables.fitted import FittedPipeline  # a second, that others save

    warnings.simplefilter("ignore")  # of thousands of fits, to nobody
    pa.set_memory_pool(pa.system_memory_pool())  # another reserves a gigabyte at once
    answers = np.load(data / ANSWERS, allow_pickle=False)
    settings = fit.settings
    if (data / GROUPS).exists():
        groups = np.load(data / GROUPS, allow_pickle=False)[fit.rows]
        settings = replace(settings, groups=groups)
    features = _read_rows(data / FEATURES, fit.rows)
    started = time.perf_counter()
    pipeline = FittedPipeline.fit(fit.config, features, answers[fit.rows], settings)
    fitted = time.perf_counter()
    del features  # before the others come
    features = _read_rows(data / FEATURES, fit.held)
    asked = time.perf_counter()
    predictions = pipeline.predict(features)
    ended = time.perf_counter()
    pipeline.save(target)
    np.save(target / PREDICTIONS, predictions, allow_pickle=False)
    return {"fit_seconds": fitted - started, "predict_seconds": ended - asked}


def _read_rows(path: Path, rows: np.ndarray) -> pd.DataFrame:
    """These alone, in memory of their own: of the others only the file's pages are looked at."""
    table, places = feather.read_table(path, memory_map=True), pa.array(rows)
    taken = {name: table[name].take(places) for name in table.column_names}
    return pa.table(taken).to_pandas(split_blocks=True, self_destruct=True)
