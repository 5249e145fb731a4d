"""What a scheduler asks of Tune's loop that Tune offers to its own schedulers alone."""

from typing import Any

from ray.tune.experiment import Trial


def unwrapped(tune_controller: Any) -> Any:
    """The loop itself: what it hands to schedulers is a wrapper."""
    return getattr(tune_controller, "_tune_controller", tune_controller)


def any_at_work(tune_controller: Any) -> bool:
    """Whether any trial runs. The loop's own list: to go over all trials costs more with each."""
    return bool(unwrapped(tune_controller)._running_trials)


def save_checkpoint(tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
    """Have a trial at work make one now."""
    tune_controller._schedule_trial_save(trial, result=result)


def save_anew(tune_controller: Any, *trials: Trial) -> None:
    """Have Tune's next state hold what the trials are now; it keeps texts of those it knows."""
    for trial in trials:
        trial.run_metadata.invalidate_cache()
        unwrapped(tune_controller)._mark_trial_to_checkpoint(trial)
