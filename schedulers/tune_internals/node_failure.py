"""Spares trials whose machine was lost: spot machines come and go, and no trial is to blame.

Ray counts it as a failure, unless the machine was drained first, and asks no scheduler before it
ends a trial that has failed too often. So trials are told themselves.
"""

import socket
from contextlib import suppress
from typing import Any

import ray
from ray._private import state
from ray.exceptions import RayActorError
from ray.tune.experiment import Trial

from automl_on_ray.schedulers.tune_internals.experiment_state import texts_of
from automl_on_ray.search_spaces.core import warn

MAX_NODE_FAILURES = 20  # losses of one trial: it may be what its machines die of
SECONDS_TO_ANSWER = 2.0


class NodeFailureSparedTrial(Trial):
    """A trial of Tune's, of which the loss of a machine does not count as a failure."""

    losses = 0

    def get_json_state(self) -> tuple[str, str]:
        return texts_of(self)

    def set_ray_actor(self, ray_actor: Any) -> None:
        """Without a question to the process at each start, the answer to which is not used here."""
        self.temporary_state.ray_actor = ray_actor

    def _get_default_result_or_future(self) -> None:
        """None: Ray would ask the process, and Tune's loop wait for it, if it hangs for ever."""

    def update_last_result(self, result: dict[str, Any]) -> None:
        with suppress(TypeError, ArithmeticError):  # Ray's means of what may have none
            super().update_last_result(result)

    def handle_error(self, exc: Any = None) -> None:
        before = self.run_metadata.num_failures
        super().handle_error(exc)
        if self.run_metadata.num_failures == before or not self._has_lost_its_machine(exc):
            return
        self.losses += 1
        if self.losses <= MAX_NODE_FAILURES:
            self.run_metadata.num_failures = before

    def _has_lost_its_machine(self, error: Any) -> bool:
        actor = _lost_actor(error)
        try:
            return actor is not None and _is_gone(actor)
        except Exception as error:  # of a cluster that loses machines; the failure then counts
            warn(f"Whether {self} has lost its machine is not known: {error!r}")
            return False


def spare(trial: Trial) -> None:
    """Make `trial`, which Tune has made and others know by now, one whose losses do not count."""
    trial.__class__ = NodeFailureSparedTrial
    assert isinstance(trial, NodeFailureSparedTrial)
    ended = 0 <= trial.max_failures < trial.run_metadata.num_failures
    if ended and trial.status == Trial.PENDING:  # it is tried again: Ray would count on
        trial.run_metadata.num_failures = trial.losses = 0


def _lost_actor(error: Any) -> str | None:
    """Ray's id of the process whose end this tells of."""
    if isinstance(error, RayActorError):
        return error.actor_id
    # One of several that train a trial: `trainables/multi_process/` says which.
    return getattr(getattr(error, "cause", None), "lost_actor", None)


def _is_gone(actor: str) -> bool:
    """Whether the machine of an actor does not answer. Ray itself is sure of that much later."""
    address = (state.actors(actor) or {}).get("Address", {})
    node = next((n for n in ray.nodes() if n["NodeID"] == address.get("NodeID")), None)
    if node is None or not node["Alive"]:
        return node is not None
    try:
        where = (node["NodeManagerAddress"], node["NodeManagerPort"])
        socket.create_connection(where, SECONDS_TO_ANSWER).close()
    except OSError:
        return True
    return False
