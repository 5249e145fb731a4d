"""What Tune saves of an experiment, and a Tuner that goes on with it."""

import json
from collections.abc import Sequence
from fnmatch import fnmatch
from typing import Any

import cloudpickle
from ray import tune
from ray.tune import ResumeConfig
from ray.tune.experiment import Trial

# The first is of the trials. Of each kind the last by its name is the newest.
STATE_FILES = ("experiment_state-*.json", "searcher-state-*.pkl", "search_gen_state-*.json",
               "callback-states-*.pkl", "basic-variant-state-*.json")  # fmt: skip


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
