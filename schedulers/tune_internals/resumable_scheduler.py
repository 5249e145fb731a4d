"""Wraps any Tune scheduler, so that its state is saved with the study and restored on resume.

Ray saves trials and searchers, but not what a scheduler knows: rungs, brackets, medians, who is to
take over from whom. Here it is one pickle, in which a trial is its id and a checkpoint its place in
the study's folder; when a study goes on, it is read once Tune has added the trials anew, and each
stands for the one of that id.
"""

import io
import pickle
import random
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import cloudpickle
import numpy as np
from ray.train._checkpoint import Checkpoint
from ray.train._internal.session import _FutureTrainingResult
from ray.tune.experiment import Trial
from ray.tune.result import DEFAULT_METRIC
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from automl_on_ray.schedulers.tune_internals.actor_reuse import keep_processes
from automl_on_ray.schedulers.tune_internals.checkpoint_fallback import (
    at_place,
    fall_back,
    place_of,
)
from automl_on_ray.schedulers.tune_internals.node_failure import spare
from automl_on_ray.schedulers.tune_internals.slow_trials import Watch
from automl_on_ray.search_spaces.core import finite, last_reported, warn


@runtime_checkable
class Saved(Protocol):
    """A scheduler that must know that it is saved: what an older state needs must not go yet."""

    def will_be_saved(self) -> None:
        """From now on its states are kept, one after the other."""

    def was_saved(self) -> None:
        """Its state was taken; the one before is kept by now, and those before that not needed."""


class ResumableScheduler(TrialScheduler):
    """Does what `inner` does. `get_state` and `set_state` are for a callback of Tune's.

    Python's and numpy's global random streams, from which Ray's schedulers draw, are saved too.

    Reports without a finite value of the scheduler's metric are passed over, if the scheduler does
    not say by `takes_every_report` that it wants them. A trial that never reports one of the
    metrics `awaited` fails.
    """

    def __init__(self, inner: TrialScheduler, *, awaited: Sequence[str] = ()) -> None:
        super().__init__()
        self.inner = inner
        self.watch = Watch()  # over trials at work; Tune's loop asks it
        self.awaited = tuple(awaited)
        self._trials: dict[str, Trial] = {}
        self._unfinished: dict[str, Trial] = {}  # in Tune's order; some may just have finished
        self._controller: Any = None
        self._state: dict[str, Any] | None = None  # while Tune adds the trials of a restored study
        self._cut: list[str] = []  # trials that ran when that was saved, and have not begun again
        if isinstance(inner, Saved):
            inner.will_be_saved()

    # What is remembered

    def get_state(self) -> dict[str, Any] | None:
        """None if the scheduler cannot be saved; that is told."""
        if self._state is not None:
            return self._state
        try:
            memory = _dump(self.inner)
        except Exception as error:
            warn(f"{self.inner} cannot be saved, and will begin anew after a stop: {error!r}")
            return None
        if isinstance(self.inner, Saved):
            self.inner.was_saved()
        return {
            "memory": memory,
            "status": {name: trial.status for name, trial in self._trials.items()},
            "random": random.getstate(),
            "numpy": np.random.get_state(),
        }

    def set_state(self, state: dict[str, Any] | None) -> None:
        """Call it before Tune adds the trials anew."""
        self._state = state
        self._trials, self._unfinished = {}, {}

    def awake(self) -> TrialScheduler:
        """The scheduler, as it was when it was saved, with Tune's trials of today.

        Tune asks it nothing where no trial is left to run.
        """
        state, self._state = self._state, None
        if state is not None:
            self.inner.__dict__.update(_load(state["memory"], self._trials).__dict__)
            random.setstate(state["random"])
            np.random.set_state(state["numpy"])
            self._cut = [n for n, status in state["status"].items() if status == Trial.RUNNING]
            for name, trial in self._trials.items():
                before = state["status"].get(name)
                again = before in (Trial.ERROR, Trial.TERMINATED) and not trial.is_finished()
                if before is None or again:
                    self.inner.on_trial_add(self._controller, trial)
        return self.inner

    # What Tune asks

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        spare(trial)
        keep_processes(tune_controller)
        self._trials[trial.trial_id] = trial
        self._unfinished.pop(trial.trial_id, None)  # Tune puts one that is tried again at the end
        self._unfinished[trial.trial_id] = trial
        # It may be new, come back after a failure, or be restored. Those that are lent to others
        # are not all the trial's own, nor made with the same config.
        lends = isinstance(self.inner, Saved)
        fall_back(trial, restored=self._state is not None and not lends)
        if self._state is None:
            self.inner.on_trial_add(tune_controller, trial)
            return
        self._controller = tune_controller
        if trial.is_finished():  # a budget ends trials without a word to the searcher
            failed = trial.status == Trial.ERROR
            tune_controller.search_alg.on_trial_complete(trial.trial_id, error=failed)
        paused = self._state["status"].get(trial.trial_id) == Trial.PAUSED
        if paused and trial.status == Trial.PENDING:  # Tune would start it before it is its turn
            trial.set_status(Trial.PAUSED)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        self.awake().on_trial_error(tune_controller, trial)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        inner = self.awake()
        if not self._takes_every_report:
            value = finite(result.get(str(self.metric)))
            if value is None:
                return TrialScheduler.CONTINUE
            result = {**result, str(self.metric): value}
        return inner.on_trial_result(tune_controller, trial, result)

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        inner = self.awake()
        if not self._takes_every_report:
            value = finite(last_reported(trial, str(self.metric)))
            if value is None:
                return
            result = {**result, str(self.metric): value}
        inner.on_trial_complete(tune_controller, trial, result)

    @property
    def _takes_every_report(self) -> bool:
        # Tune gives DEFAULT_METRIC to a scheduler that asks for none.
        judged = self.metric not in (None, DEFAULT_METRIC)
        return not judged or getattr(self.inner, "takes_every_report", False)

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        self.awake().on_trial_remove(tune_controller, trial)

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        inner = self.awake()
        self._cut = [n for n in self._cut if self._trials[n].status == Trial.PENDING]
        if self._cut:  # it would be running still
            return self._trials[self._cut[0]]
        if type(inner).choose_trial_to_run is FIFOScheduler.choose_trial_to_run:
            return self._first_waiting()
        return inner.choose_trial_to_run(tune_controller)

    def _first_waiting(self) -> Trial | None:
        """As Ray's FIFO, which looks at all trials that there ever were at each of its steps."""
        for name in [name for name, t in self._unfinished.items() if t.is_finished()]:
            del self._unfinished[name]
        for status in (Trial.PENDING, Trial.PAUSED):
            for trial in self._unfinished.values():
                if trial.status == status:
                    return trial
        return None

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        return self.inner.set_search_properties(metric, mode, **spec)

    def debug_string(self) -> str:
        return self.inner.debug_string()

    @property
    def metric(self) -> str | None:
        return self.inner.metric

    @property
    def supports_buffered_results(self) -> bool:
        return self.inner.supports_buffered_results


class _Pickler(cloudpickle.Pickler):
    """Trials are their ids; a checkpoint that is still being made will not have been."""

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        if isinstance(obj, Trial):
            return ("trial", obj.trial_id)
        if isinstance(obj, Checkpoint):
            return ("checkpoint", place_of(obj))
        return ("nothing", "") if isinstance(obj, _FutureTrainingResult) else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, trials: dict[str, Trial]) -> None:
        super().__init__(file)
        self._trials = trials

    def persistent_load(self, pid: tuple[str, str]) -> Trial | Checkpoint | None:
        kind, name = pid
        if kind == "checkpoint":
            return at_place(name, next(iter(self._trials.values())))
        return self._trials[name] if kind == "trial" else None


def _dump(scheduler: TrialScheduler) -> bytes:
    file = io.BytesIO()
    _Pickler(file).dump(scheduler)
    return file.getvalue()


def _load(memory: bytes, trials: dict[str, Trial]) -> TrialScheduler:
    found: TrialScheduler = _Unpickler(io.BytesIO(memory), trials).load()
    return found
