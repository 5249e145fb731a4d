"""Trains from scratch along a schedule that population-based training found."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from automl_on_ray.schedulers.populations.population_state import Segment


class Replay(FIFOScheduler):
    """Every trial goes through `segments`: at the start of each it is paused and gets its config.

    What a trial's config has beyond that, such as a seed, it keeps. After the last segment's end it
    goes on with that one's config.
    """

    def __init__(self, segments: Sequence[Segment], time_attr: str = "training_iteration") -> None:
        super().__init__()
        self._segments = list(segments)
        self._time_attr = time_attr

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        latest = trial.latest_checkpoint_result
        self._set(trial, (latest.metrics or {}).get(self._time_attr, 0) if latest else 0)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        changed = self._set(trial, result.get(self._time_attr, 0))
        return TrialScheduler.PAUSE if changed else TrialScheduler.CONTINUE

    def _set(self, trial: Trial, time: int) -> bool:
        """Give the trial what is due at `time`; whether that is anything new."""
        due = next((s for s in self._segments if time < s.end), self._segments[-1])
        config = {**trial.config, **due.config}
        if config == trial.config:
            return False
        trial.set_config(config)
        return True


def stretched(segments: Sequence[Segment], end: int) -> list[Segment]:
    """The same schedule over another time, 0 to `end`."""
    factor = end / segments[-1].end
    found = [replace(s, start=round(s.start * factor), end=round(s.end * factor)) for s in segments]
    return [s for s in found if s.end > s.start]
