"""A trial whose machine was lost has not failed: spot machines come and go.

Ray counts it as a failure, unless the machine was drained first. It goes on elsewhere, from its
newest checkpoint; that is Ray's doing, as long as the trial may fail once at all.
"""

import logging
import pickle
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray._private import state
from ray.exceptions import RayActorError
from ray.tune.experiment import Trial

logger = logging.getLogger(__name__)

MOST = 20  # losses of one trial: it may be what its machines die of
PATIENCE = 2.0  # seconds to answer


class NodeLosses:
    """How many machines each trial has lost."""

    def __init__(self) -> None:
        self._losses: dict[str, int] = {}

    def forgive(self, trial: Trial) -> None:
        """Take back Ray's count of the failure that it has just told of, if that was a loss."""
        actor = _lost_actor(_latest_error(trial))
        if actor is None:
            return
        try:
            gone = _is_gone(actor)
        except Exception:  # of a cluster that loses machines; the failure then counts
            logger.exception("Whether %s has lost its machine is not known", trial)
            return
        if not gone:
            return
        losses = self._losses[trial.trial_id] = self._losses.get(trial.trial_id, 0) + 1
        if losses <= MOST and trial.run_metadata.num_failures:
            trial.run_metadata.num_failures -= 1


def _lost_actor(error: Any) -> str | None:
    """Ray's id of the process whose end this tells of; None where Ray does not count it."""
    if isinstance(error, RayActorError):
        return None if error.preempted else error.actor_id
    # One of several that train a trial: `trainables/_data_parallel.py` says which.
    return getattr(getattr(error, "cause", None), "lost_actor", None)


def _is_gone(actor: str) -> bool:
    """Whether the machine of an actor does not answer. Ray itself is sure of that much later."""
    address = (state.actors(actor) or {}).get("Address", {})
    node = next((n for n in ray.nodes() if n["NodeID"] == address.get("NodeID")), None)
    if node is None or not node["Alive"]:
        return node is not None
    try:
        where = (node["NodeManagerAddress"], node["NodeManagerPort"])
        socket.create_connection(where, PATIENCE).close()
    except OSError:
        return True
    return False


def _latest_error(trial: Trial) -> Any:
    if not trial.run_metadata.pickled_error_filename:
        return None
    with suppress(OSError, pickle.UnpicklingError, EOFError):
        return pickle.loads(Path(str(trial.pickled_error_file)).read_bytes())
    return None
