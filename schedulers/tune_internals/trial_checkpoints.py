"""A trial's checkpoints, as Ray keeps them: each a `CheckpointResult`, with the metrics of then."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ray.train._internal.session import _TrainingResult as CheckpointResult
from ray.train._internal.storage import _delete_fs_path
from ray.tune.experiment import Trial


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
