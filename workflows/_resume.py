"""Going on with a Ray Tune experiment whose driver was killed at any moment.

Ray writes its state in place, a file for each part, and copies them to the storage in the
background, so a kill can leave a torn file, or files of different moments. This keeps a copy of
all of them as they were at one moment, made in Tune's loop right after Ray wrote them.
"""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import cloudpickle
from ray.tune import Callback, ResumeConfig

from schedulers._surviving import Surviving

STATE_FILES = ("experiment_state-*.json", "searcher-state-*.pkl", "search_gen_state-*.json",
               "callback-states-*.pkl", "basic-variant-state-*.json")  # fmt: skip


class StateKeeper(Callback):
    """Keeps Ray's state of one moment in `experiment/kept`, the scheduler's memory within it."""

    def __init__(self, experiment: Path, scheduler: Surviving | None = None) -> None:
        self._experiment = experiment
        self._scheduler = scheduler
        self._last: dict[str, int] = {}

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._keep(trials)

    def on_experiment_end(self, trials: list[Any], **info: Any) -> None:
        self._keep(trials)  # Ray has written once more after the last step

    def _keep(self, trials: list[Any]) -> None:
        if not trials:
            return
        written = Path(trials[0].storage.experiment_driver_staging_path)
        times = {file.name: file.stat().st_mtime_ns for file in _newest(written)}
        if times and times != self._last:
            with suppress(OSError):  # a disk that is full for a while is no reason to end a study
                keep(written, self._experiment)
                self._last = times

    # Ray saves this with its own state, and calls `set_state` before it adds the trials again.

    def get_state(self) -> dict[str, Any] | None:
        return {"scheduler": self._scheduler.get_state()} if self._scheduler else None

    def set_state(self, state: dict[str, Any]) -> None:
        if self._scheduler is not None:
            self._scheduler.set_state(state["scheduler"])


def keep(written: Path, experiment: Path) -> None:
    """Copy the newest state files in `written` to `experiment/kept`: all of them, or none."""
    fresh, kept, old = (experiment / name for name in ("kept.new", "kept", "kept.old"))
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for file in _newest(written):
        shutil.copy2(file, fresh)
    shutil.rmtree(old, ignore_errors=True)
    if kept.exists():
        kept.rename(old)
    fresh.rename(kept)


def resume_config(
    experiment: Path, *, retry_failed: bool, trials: int | None = None
) -> ResumeConfig | None:
    """How to go on with what `experiment` holds; None if there is nothing yet to go on from.

    The copy kept takes the place of Ray's files, which are put aside; without one these will do if
    they are whole. Failed trials stay failed, unless asked for. `trials` is how many a searcher is
    to propose in all, which may be more than when the state was saved.
    """
    copies = next(
        (files for name in ("kept", "kept.old") if (files := _newest(experiment / name))), []
    )
    files = [file for pattern in STATE_FILES for file in experiment.glob(pattern)]
    if copies or not all(map(_whole, _newest(experiment))):
        for file in files:
            file.rename(file.with_suffix(file.suffix + ".aside"))
        for copy in copies:
            shutil.copy2(copy, experiment)
    if not list(experiment.glob(STATE_FILES[0])):
        return None
    if trials is not None:
        _ask_for(trials, experiment)
    kinds = ResumeConfig.ResumeType
    failed = kinds.RESUME if retry_failed else kinds.SKIP
    return ResumeConfig(errored=failed)  # type: ignore[arg-type]


def _ask_for(trials: int, experiment: Path) -> None:
    """Ray goes by the number that it has saved, whatever a Tuner is told."""
    for file in experiment.glob("search_gen_state-*.json"):
        state = cloudpickle.loads(file.read_bytes())
        if state["total_samples"] != trials:
            written = file.with_suffix(".new")
            written.write_bytes(cloudpickle.dumps({**state, "total_samples": trials}))
            written.replace(file)


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
