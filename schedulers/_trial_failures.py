"""Whatever comes of a trial's process, but a result, is a failure of that trial alone.

Tune knows two kinds of exception, and ends the study with any other: that of Ray's memory monitor,
of a result that cannot be read here, of an exception that cannot, of a machine that was lost.
"""

import logging
from collections.abc import Callable
from typing import Any

from ray.air.execution._internal import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.execution.tune_controller import TuneController
from ray.tune.logger import LoggerCallback

logger = logging.getLogger(__name__)


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


def check_report(report: Any) -> None:
    """TypeError for what Tune cannot join to one flat dict, RecursionError for what has no end."""
    for key, value in report.items() if isinstance(report, dict) else ():
        if not isinstance(key, str):
            raise TypeError(f"a metric's name must be text, but is {key!r}")
        check_report(value)


def fail_alone(controller: TuneController) -> None:
    """Have failures of any kind be those of trials in this loop of Tune's."""
    manager = controller._actor_manager
    if type(manager) is RayActorManager:
        manager.__class__ = SparingActorManager
    for callback in controller._callbacks._callbacks:
        if isinstance(callback, LoggerCallback):
            guarded = _unless_odd(callback.log_trial_result)
            callback.log_trial_result = guarded  # type: ignore[method-assign]


def _unless_odd(log: Callable[..., None]) -> Callable[..., None]:
    """Of Ray's files, of which none is needed: some take no array of four dimensions."""

    def guarded(*result: Any) -> None:
        try:
            log(*result)
        except OSError:  # a full disk
            raise
        except Exception:
            logger.info("Ray's logger left out a result", exc_info=True)

    return guarded
