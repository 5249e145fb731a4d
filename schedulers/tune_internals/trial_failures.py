"""Makes any failure of a trial's process the failure of that trial alone.

Tune knows two kinds of exception, and ends the study with any other: that of Ray's memory monitor,
of a result that cannot be read here, of an exception that cannot, of a machine that was lost.
"""

import logging
from collections.abc import Callable, Set
from typing import Any

import ray
from ray.air.execution._internal import RayActorManager
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.logger import LoggerCallback, TBXLoggerCallback
from ray.tune.result import DONE, RESULT_DUPLICATE

from automl_on_ray.schedulers.tune_internals.slow_trials import Watch
from automl_on_ray.schedulers.tune_internals.tensorboard_files import one_event_a_result
from automl_on_ray.search_spaces.core import ENDED_BY_ITSELF

SECONDS_TO_STOP = 5  # of a trial at work when the study is stopped; then its process is killed

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

    def cleanup(self) -> None:
        if not ray_has_ended():
            super().cleanup()


def ray_has_ended() -> bool:
    """Whether the Ray that this process has started was stopped; it would be waited for a minute.

    So it is where a signal goes to all processes, as when a machine shuts down.
    """
    node = ray._private.worker._global_node
    return node is not None and bool(node.dead_processes())


class IsolatedFailuresController(TuneController):
    """Tune's loop, in which a trial fails alone, also one that takes too long or reports oddly.

    And in which the user may end one.
    """

    busy: set[Trial]  # trials that were ended within a step, whose processes no other gets

    def on_step_end(self) -> None:
        super().on_step_end()
        watch: Watch = self._scheduler_alg.watch  # type: ignore[attr-defined]  # a ResumableScheduler
        if not watch.is_due():
            return
        self._stop_unwanted(watch.unwanted())
        for trial in watch.look(self._at_work()):
            minutes = f"the trial took over {(watch.seconds or 0) / 60:.4g} minutes"
            self._end_at_once(trial, TrialError(f"TimeoutError: {minutes} (--trial-minutes)"))

    def _stop_unwanted(self, names: Set[str]) -> None:
        """End the trials of these ids that run, or wait for others; its process may be busy."""
        for trial in [one for one in self._live_trials if one.trial_id in names] if names else ():
            if trial.status in (Trial.RUNNING, Trial.PAUSED):
                self.busy.add(trial)
                self.stop_trial(trial)

    def _maybe_cache_trial_actor(self, trial: Trial) -> bool:
        if trial in self.busy:
            return False
        return super()._maybe_cache_trial_actor(trial)

    def _at_work(self) -> list[Trial]:
        """Trials whose process has been asked for and has its place, if only to be set up."""
        placed = self._actor_manager._live_actors_to_ray_actors_resources
        return [trial for trial, actor in self._trial_to_actor.items() if actor in placed]

    def _end_at_once(self, trial: Trial, error: TrialError) -> None:
        """Fail a trial for good, and kill its process, which may never take another task."""
        actor = self._trial_to_actor[trial]
        if trial.status != Trial.RUNNING:  # it is being set up
            self._resetting_trials.discard(trial)
            self._set_trial_status(trial, Trial.RUNNING)
            self._unstage_trial_with_resources(trial)
        trial.run_metadata.num_failures = max(trial.num_failures, trial.max_failures)
        self._trial_task_failure(trial, error)
        self._actor_manager.remove_actor(actor, kill=True)

    def _on_training_result(self, trial: Trial, result: Any) -> None:
        try:
            check_report(result)
            if not isinstance(result.get("training_iteration", 0), int):
                raise TypeError("training_iteration must be the number of the epoch")
        except (TypeError, RecursionError) as error:
            self._trial_task_failure(trial, error)
        else:
            if RESULT_DUPLICATE in result:  # Tune's word for: the last report was the last
                trial.last_result[ENDED_BY_ITSELF] = True
            elif result.get(DONE):
                result[ENDED_BY_ITSELF] = True
            super()._on_training_result(trial, result)


def as_trial_error(exception: Exception) -> Exception:
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


def isolate_failures(controller: TuneController) -> None:
    """Have failures of any kind be those of trials in this loop of Tune's."""
    controller._actor_force_cleanup_timeout = SECONDS_TO_STOP
    controller.busy = set()  # type: ignore[attr-defined]  # of the class that it has become
    manager = controller._actor_manager
    if type(manager) is RayActorManager:
        manager.__class__ = SparingActorManager
    for callback in controller._callbacks._callbacks:
        if isinstance(callback, LoggerCallback):
            guarded = _unless_odd(callback.log_trial_result)
            callback.log_trial_result = guarded  # type: ignore[method-assign]
        if isinstance(callback, TBXLoggerCallback):
            callback._summary_writer_cls = one_event_a_result(callback._summary_writer_cls)


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
