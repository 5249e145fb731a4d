"""A trial whose machine was lost has not failed: spot machines come and go.

Ray counts it as a failure, unless the machine was drained first. It goes on elsewhere, from its
newest checkpoint; that is Ray's doing, as long as the trial may fail once at all.
"""

import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

from ray.exceptions import RayActorError
from ray.tune.experiment import Trial

SIGN = "node has died"  # in Ray's words
MOST = 20  # losses of one trial: it may be what its machines die of


class NodeLosses:
    """How many machines each trial has lost."""

    def __init__(self) -> None:
        self._losses: dict[str, int] = {}

    def forgive(self, trial: Trial) -> None:
        """Take back Ray's count of the failure that it has just told of, if that was a loss."""
        error = _latest_error(trial)
        if not isinstance(error, RayActorError) or error.preempted or SIGN not in str(error):
            return
        losses = self._losses[trial.trial_id] = self._losses.get(trial.trial_id, 0) + 1
        if losses <= MOST and trial.run_metadata.num_failures:
            trial.run_metadata.num_failures -= 1


def _latest_error(trial: Trial) -> Any:
    if not trial.run_metadata.pickled_error_filename:
        return None
    with suppress(OSError, pickle.UnpicklingError, EOFError):
        return pickle.loads(Path(str(trial.pickled_error_file)).read_bytes())
    return None
