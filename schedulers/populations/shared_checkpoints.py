"""Checkpoints that pass from one trial to another, kept as long as a trial may need them.

Ray deletes all but a trial's newest checkpoints, also one that another trial is about to start
from. A checkpoint that is shared leaves its owner's list, so that Ray forgets it, and is deleted
here once each of its users has newer ones enough, has ended, or has taken over another.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

from ray.tune.experiment import Trial

from automl_on_ray.schedulers.tune_internals import (
    CheckpointResult,
    delete_checkpoint,
    kept_checkpoints,
    place_of,
    start_from,
)

MIN_NEWER_CHECKPOINTS = 3  # newer checkpoints, since the newest may turn out to be unreadable


@dataclass
class SharedCheckpoint:
    """A checkpoint at `time` that trials `users` may need."""

    result: CheckpointResult
    time: int
    users: set[str] = field(default_factory=set)


class SharedCheckpoints:
    """All checkpoints shared in a study, by path."""

    def __init__(self, time_attr: str) -> None:
        self._time_attr = time_attr
        self._by_path: dict[str, SharedCheckpoint] = {}
        self._used: dict[str, set[str]] = {}  # by a trial's id: the paths of what it may need
        self._waits_for_saves = False
        self._to_delete: tuple[list[CheckpointResult], list[CheckpointResult]] = ([], [])

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._used = {}
        for path, shared in self._by_path.items():
            for user in shared.users:
                self._used.setdefault(user, set()).add(path)

    def latest(self, trial: Trial) -> tuple[CheckpointResult, int] | None:
        """The newest checkpoint that `trial` would start from, and its time."""
        result = trial.latest_checkpoint_result
        if result is None or result.checkpoint is None:
            return None
        return result, int((result.metrics or {}).get(self._time_attr, 0))

    def share(self, owner: Trial, to: Trial, result: CheckpointResult, time: int) -> None:
        """Have `to` start from `owner`'s `result`; its own checkpoints are of no use any more."""
        path = _path(result)
        own, mine = kept_checkpoints(owner), kept_checkpoints(to)
        own[:] = [each for each in own if _path(each) != path]
        start_from(to, CheckpointResult(copy.copy(result.checkpoint), result.metrics))
        self.release(to)
        shared = self._by_path.setdefault(path, SharedCheckpoint(result, time))
        for user in (owner.trial_id, to.trial_id):
            shared.users.add(user)
            self._used.setdefault(user, set()).add(path)
        while mine:
            self._delete(mine.pop())

    def release_old(self, trial: Trial) -> None:
        """`trial` may have newer checkpoints now: give up those that it needs no longer."""
        used = self._used.get(trial.trial_id)
        if not used:
            return
        newer = [int((r.metrics or {}).get(self._time_attr, 0)) for r in kept_checkpoints(trial)]
        for path in list(used):
            if sum(time > self._by_path[path].time for time in newer) >= MIN_NEWER_CHECKPOINTS:
                self._release(path, trial)

    def release(self, trial: Trial) -> None:
        """`trial` needs none but its own newest any more."""
        for path in list(self._used.get(trial.trial_id, ())):
            self._release(path, trial)

    def _release(self, path: str, trial: Trial) -> None:
        shared = self._by_path[path]
        latest = trial.latest_checkpoint_result
        if latest and _path(latest) == path:
            return
        shared.users.discard(trial.trial_id)
        self._used[trial.trial_id].discard(path)
        if not shared.users:
            del self._by_path[path]
            self._delete(shared.result)

    # Deletion, of what a saved state may still need only when the next but one has been saved

    def will_be_saved(self) -> None:
        self._waits_for_saves = True

    def was_saved(self) -> None:
        since, before = self._to_delete
        self._to_delete = ([], since)
        for result in before:
            delete_checkpoint(result)

    def _delete(self, result: CheckpointResult) -> None:
        if self._waits_for_saves:
            self._to_delete[0].append(result)
        else:
            delete_checkpoint(result)


def _path(result: CheckpointResult) -> str:
    """Within the study's folder, which may be moved; a simulated one's is a name."""
    checkpoint = result.checkpoint
    return place_of(checkpoint) if checkpoint else ""
