"""What Tune saves of an experiment, and when, and a Tuner that goes on with it."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from typing import Any

import cloudpickle
from ray import tune
from ray.tune import ResumeConfig
from ray.tune.execution.experiment_state import _ExperimentCheckpointManager
from ray.tune.experiment import Trial
from ray.tune.utils.serialization import TuneFunctionEncoder

# The first is of the trials. Of each kind the last by its name is the newest.
STATE_FILES = ("experiment_state-*.json", "searcher-state-*.pkl", "search_gen_state-*.json",
               "callback-states-*.pkl", "basic-variant-state-*.json")  # fmt: skip


PAUSE = 19  # times as long as a save took until the next one that Ray hurries: 5 % of the time


class PacedStates(_ExperimentCheckpointManager):
    """Ray's, with all that it saves at a pace that does not depend on how many trials there are.

    Ray saves the state of all trials, and waits for its copy, whenever one trial has made as many
    checkpoints as are kept: of trials of short epochs that is each second or third result. Here it
    is as often as it would be by the clock, without the ten seconds that Ray waits at least. What a
    trial has saved since is found on resume (`checkpoint_fallback.py`).
    """

    _took = 0.0  # seconds, the last time

    def sync_up_experiment_state(
        self, save_fn: Callable[[], None], force: bool = False, wait: bool = False
    ) -> None:
        pause = self._checkpoint_period
        if self._should_force_sync_up:
            pause = min(pause, PAUSE * self._took)
        if force or time.monotonic() - self._last_save_time >= pause:
            super().sync_up_experiment_state(save_fn, force, wait)

    def _update_auto_checkpoint_time(self, time_taken: float) -> None:
        self._took = time_taken
        super()._update_auto_checkpoint_time(time_taken)


class _Encoder(TuneFunctionEncoder):
    """Ray's, which remembers in a log the text of all that it pickles, without that log."""

    def default(self, obj: Any) -> Any:
        return self._to_cloudpickle(obj)


def texts_of(trial: Any) -> tuple[str, str]:
    """What Ray saves of a trial, as Ray has it, but without the indents, which take the most time.

    The last values of each metric, for means of which none is used here, are kept of trials that
    may go on.
    """
    run = trial.run_metadata
    if trial.status == Trial.TERMINATED and run.metric_n_steps:
        run.metric_n_steps = {}
    if trial._state_json is None:
        trial._state_json = _text(trial.__getstate__(), "run_metadata")
    if run._cached_json is None:
        run._cached_json = _text(run.__dict__, "_cached_json")
    return trial._state_json, run._cached_json


def _text(state: Mapping[str, Any], left_out: str) -> str:
    return json.dumps({key: v for key, v in state.items() if key != left_out}, cls=_Encoder)


def has_trials(state: bytes) -> bool:
    """Of a file of the first kind."""
    return bool(json.loads(state).get("trial_data"))


def asking_for(trials: int, name: str, data: bytes) -> bytes:
    """A state file, changed if need be so that the searcher is asked for `trials` in all.

    Ray goes by the numbers that it has saved, whatever a Tuner is told. So it does by the end of
    asking, which a budget may have been; a searcher says it again.
    """
    if not fnmatch(name, "search_gen_state-*.json"):
        return data
    state = cloudpickle.loads(data)
    state |= {"total_samples": trials, "finished": False}
    state.get("name:ConcurrencyLimiter", {}).pop("max_concurrent", None)
    return cloudpickle.dumps(state)


def is_whole(name: str, data: bytes) -> bool:
    """Whether a state file can be read. Reads it: for a trusted one only."""
    try:
        if name.startswith("experiment_state"):
            json.loads(data)
        else:
            cloudpickle.loads(data)
    except Exception:  # whatever a torn pickle raises, it is torn
        return False
    return True


def forget_errors(trials: Sequence[Any]) -> None:
    """Have Ray not unpickle what they raised; the error's text tells as much."""
    for trial in trials:
        trial.run_metadata.pickled_error_filename = None


def make_tuner(trainable: Any, resume: ResumeConfig | None, **keywords: Any) -> tune.Tuner:
    """One that goes on with the state that is there, if it is told how to `resume`."""
    return tune.Tuner(
        trainable, **keywords, _tuner_kwargs={"resume_config": resume} if resume else {}
    )


def run_tuner(tuner: tune.Tuner) -> Sequence[Trial]:
    """All trials, those of former sessions too, once they have ended."""
    trials: Sequence[Trial] = tuner.fit()._experiment_analysis.trials
    return trials
