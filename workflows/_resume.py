"""Going on with a Ray Tune experiment whose driver was killed at any moment.

Ray writes its state in place and copies it in the background, so a kill can leave a torn file, or
none yet. This keeps a second copy, made only of files that read back whole.
"""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import cloudpickle
from ray.tune import Callback, ResumeConfig

STATE_FILES = ("experiment_state-*.json", "searcher-state-*.pkl", "search_gen_state-*.json",
               "callback-states-*.pkl", "basic-variant-state-*.json")  # fmt: skip


class StateKeeper(Callback):
    """Copies the experiment's state files, whole ones only, into `kept/` beside them."""

    def __init__(self, experiment: Path, period: float = 5.0) -> None:
        self._experiment = experiment
        self._period = period
        self._last = 0.0

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        if time.monotonic() - self._last >= self._period:
            self._last = time.monotonic()
            keep(self._experiment)


def keep(experiment: Path) -> None:
    """Copy the newest state files to `kept/` if all of them are whole; nothing otherwise."""
    files = _newest(experiment)
    if not files or not all(map(_whole, files)):
        return
    fresh = experiment / "kept.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for file in files:
        shutil.copy2(file, fresh)
    if not all(map(_whole, fresh.iterdir())):
        return  # written to while it was copied: the next time will do
    old = experiment / "kept.old"
    shutil.rmtree(old, ignore_errors=True)
    kept = experiment / "kept"
    if kept.exists():
        kept.rename(old)
    fresh.rename(kept)


def resume_config(experiment: Path, *, retry_failed: bool) -> ResumeConfig | None:
    """How to go on with what `experiment` holds; None if there is nothing yet to go on from.

    A torn state is put aside for the copy kept of it. Failed trials stay failed, unless asked for.
    """
    files = _newest(experiment)
    if files and not all(map(_whole, files)):
        for file in files:
            file.rename(file.with_suffix(file.suffix + ".torn"))
        for folder in ("kept", "kept.new", "kept.old"):
            copies = list((experiment / folder).glob("*"))
            if copies and all(map(_whole, copies)):
                for copy in copies:
                    shutil.copy2(copy, experiment)
                break
    if not list(experiment.glob(STATE_FILES[0])):
        return None
    kinds = ResumeConfig.ResumeType
    failed = kinds.RESUME if retry_failed else kinds.SKIP
    return ResumeConfig(errored=failed)  # type: ignore[arg-type]


def _newest(experiment: Path) -> list[Path]:
    found = (sorted(experiment.glob(pattern)) for pattern in STATE_FILES)
    return [files[-1] for files in found if files]


def _whole(file: Path) -> bool:
    try:
        if file.name.startswith("experiment_state"):
            json.loads(file.read_text())
        else:
            cloudpickle.loads(file.read_bytes())
    except Exception:  # whatever a torn pickle raises, it is torn
        return False
    return True
