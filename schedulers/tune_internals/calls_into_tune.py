"""What a scheduler asks of Tune's loop, and of the checkpoints that Ray keeps of a trial.

Each of these is a `CheckpointResult`, with the metrics of then.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ray.train._internal.session import _TrainingResult as CheckpointResult
from ray.train._internal.storage import _delete_fs_path
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


def kept_checkpoints(trial: Trial) -> list[CheckpointResult]:
    """Those that Ray has not deleted yet: its own list, which may be changed."""
    manager: Any = trial.run_metadata.checkpoint_manager
    results: list[CheckpointResult] = manager._checkpoint_results
    return results


def start_from(trial: Trial, result: CheckpointResult) -> None:
    """Have the trial start from this one when it next gets a process."""
    manager: Any = trial.run_metadata.checkpoint_manager
    manager._latest_checkpoint_result = result


def register_checkpoint(
    trial: Trial, checkpoint: Any, metrics: Mapping[str, Any]
) -> CheckpointResult:
    """Add one as Ray does, which may delete older ones."""
    result = CheckpointResult(checkpoint, dict(metrics))
    manager: Any = trial.run_metadata.checkpoint_manager
    manager.register_checkpoint(result)
    return result


def delete_checkpoint(result: CheckpointResult) -> None:
    assert result.checkpoint is not None
    with suppress(FileNotFoundError):  # a killed driver may have deleted it, and not have known
        _delete_fs_path(fs=result.checkpoint.filesystem, fs_path=result.checkpoint.path)
