"""Gives the process of a trial that pauses to the trial that resumes next.

Ray keeps a process only for a trial that it has already asked one for. Of trials that take turns
on fewer slots none is asked for any more once all have begun: each turn would begin with a new
process, its imports, and its data. And if one pauses while a process starts for the next, Ray gives
that one the former's and ends the other when it has started; where turns are short no second
process would ever come to work.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ray.air.execution._internal.tracked_actor import TrackedActor
from ray.exceptions import RayActorError
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial

from automl_on_ray.schedulers.tune_internals.calls_into_tune import unwrapped
from automl_on_ray.schedulers.tune_internals.experiment_state import PacedStates
from automl_on_ray.schedulers.tune_internals.missing_metrics import MissingMetricsController
from automl_on_ray.schedulers.tune_internals.trial_failures import (
    IsolatedFailuresController,
    TrialError,
    as_trial_error,
    isolate_failures,
)


class ActorReusingController(IsolatedFailuresController, MissingMetricsController):
    """Tune's loop, in which trials that are paused want a process too."""

    def _maybe_cache_trial_actor(self, trial: Trial) -> bool:
        with self._paused_want_theirs(trial):
            return super()._maybe_cache_trial_actor(trial)

    def _cleanup_cached_actors(self, force_all: bool = False) -> None:
        if self._actor_cache.num_cached_objects:
            with self._paused_want_theirs():
                super()._cleanup_cached_actors(force_all)

    def _maybe_reuse_cached_actor(self, trial: Trial) -> bool:
        own = self._trial_to_actor.get(trial)
        if (
            own is not None
            and trial not in self._resetting_trials
            and self._actor_manager.is_actor_started(own)  # by Ray; it has not reported yet
            and self._actor_cache.has_cached_object(trial.placement_group_factory)
        ):
            self._actor_to_trial.pop(self._trial_to_actor.pop(trial))
            own.set_on_start(partial(self._started_for_another, trial.placement_group_factory))
            own.set_on_error(None)
            # As Ray does with what it ends: if it hangs, it is killed some day.
            self._stopping_actors[own] = time.monotonic()
            self._earliest_stopping_actor = min(
                self._earliest_stopping_actor, self._stopping_actors[own]
            )
        return super()._maybe_reuse_cached_actor(trial)

    def _started_for_another(self, resources: Any, actor: TrackedActor) -> None:
        """The trial for which it was started has got another; the next will have it."""
        self._stopping_actors.pop(actor, None)
        self._started_actors.add(actor)
        actor.set_on_error(self._actor_failed)
        with self._paused_want_theirs():
            kept = not self.is_finished() and self._actor_cache.cache_object(resources, actor)
        if not kept:
            actor.set_on_error(None)
            self._remove_actor(actor)

    def _actor_failed(self, tracked_actor: TrackedActor, exception: Exception) -> None:
        trial = self._actor_to_trial[tracked_actor]
        if trial in self._resetting_trials:  # it ended while nobody used it
            self._ask_for_another(trial)
        else:
            super()._actor_failed(tracked_actor, exception)

    def _trial_task_failure(self, trial: Trial, exception: Exception) -> None:
        exception = as_trial_error(exception)
        if trial in self._resetting_trials and isinstance(exception, RayActorError | TrialError):
            self._ask_for_another(trial)
        elif trial in self._resetting_trials:  # it cannot take the trial's config: its failure
            self._resetting_trials.discard(trial)
            self._unstage_trial_with_resources(trial)
            self._set_trial_status(trial, Trial.RUNNING)
            super()._trial_task_failure(trial, exception)
        elif trial.status != Trial.PENDING or trial in self._trial_to_actor:
            super()._trial_task_failure(trial, exception)
        # Else this is the end of its process once more, after `_actor_failed`.

    def _on_trial_reset(self, trial: Trial, success: bool) -> None:
        if success:
            super()._on_trial_reset(trial, success)
        else:  # its class takes no other config after all; Ray would tell nobody of that
            self._ask_for_another(trial)

    def _ask_for_another(self, trial: Trial) -> None:
        """The process that it was given cannot take it: no failure of the trial's.

        Ray would end it for good.
        """
        self._resetting_trials.discard(trial)
        self._unstage_trial_with_resources(trial)
        actor = self._trial_to_actor.pop(trial)
        self._actor_to_trial.pop(actor)
        trial.set_ray_actor(None)
        actor.set_on_stop(None)
        actor.set_on_error(None)
        self._actor_manager.clear_actor_task_futures(actor)
        if self._actor_manager.is_actor_failed(actor):
            self._actor_stopped(actor)
        else:
            self._remove_actor(actor)
        self._pending_trials_list.append(trial)
        waiting = self._resources_to_pending_trials
        waiting[trial.placement_group_factory].add(trial)  # type: ignore[index]

    @contextmanager
    def _paused_want_theirs(self, *pausing: Trial) -> Iterator[None]:
        """Count them among the staged ones, which is how Ray says what is wanted.

        Not those that want other resources than a trial that waits for a slot: an idle process
        would keep it from them.
        """
        next_ones = {key for key, trials in self._resources_to_pending_trials.items() if trials}
        wanting = {
            trial
            for trial in {*self._paused_trials, *pausing} - self._staged_trials
            if next_ones <= {trial.placement_group_factory}
        }
        self._staged_trials |= wanting
        for trial in wanting:
            self._actor_cache.increase_max(trial.placement_group_factory)
        try:
            yield
        finally:
            self._staged_trials -= wanting
            for trial in wanting:
                self._actor_cache.decrease_max(trial.placement_group_factory)


def keep_processes(tune_controller: Any) -> None:
    """Have Tune's loop, which asks a scheduler something, do so. Others are left as they are."""
    controller = unwrapped(tune_controller)
    if type(controller) is TuneController:
        controller.__class__ = ActorReusingController
        controller._checkpoint_manager.__class__ = PacedStates
        isolate_failures(controller)
