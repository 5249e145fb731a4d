"""Whatever comes of a trial's process, but a result, is a failure of that trial alone.

Tune knows two kinds of exception, and ends the study with any other: that of Ray's memory monitor,
of a result that cannot be read here, of an exception that cannot, of a machine that was lost.
"""

from typing import Any

from ray.air.execution._internal import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.execution.tune_controller import TuneController


class TrialError(Exception):
    """Why a trial failed that raised no exception itself; the first line names it."""


class SparingActorManager(RayActorManager):
    """Ray's, with every exception told to the trial whose task it came of."""

    def _actor_task_failed(
        self, tracked_actor_task: TrackedActorTask, exception: Exception
    ) -> None:
        if isinstance(exception, RayActorError | RayTaskError):
            super()._actor_task_failed(tracked_actor_task, exception)
        elif tracked_actor_task._on_error:
            tracked_actor_task._on_error(tracked_actor_task._tracked_actor, exception)


def named(exception: Exception) -> Exception:
    """As Tune is to write it down: what has no traceback has kind and reason in its first line."""
    if isinstance(exception, RayActorError | RayTaskError | TrialError):
        return exception
    if isinstance(exception, OutOfMemoryError):
        reason = "out of memory, so Ray ended the trial's process"
        return TrialError(f"OutOfMemoryError: {reason}\n{exception}")
    return TrialError(f"{type(exception).__name__}: {exception}")


def with_text_keys(result: Any) -> Any:
    """Tune joins the keys of results, and can do so only with texts."""
    if isinstance(result, dict):
        return {str(key): with_text_keys(value) for key, value in result.items()}
    return [with_text_keys(one) for one in result] if isinstance(result, list) else result


def fail_alone(controller: TuneController) -> None:
    """Have failures of any kind be those of trials in this loop of Tune's."""
    manager = controller._actor_manager
    if type(manager) is RayActorManager:
        manager.__class__ = SparingActorManager
