"""Finds trials that have not reported for long, and trials over their time limit."""

import time
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field

from ray.tune.experiment import Trial

TIMES_LONGER = 10  # than its epochs usually take, before a trial's silence is worth a line
MIN_SILENCE_SECONDS = 300.0


@dataclass
class _Seen:
    """`since`: when the trial began or last reported. `told`: after which silence to tell next."""

    mark: object
    since: float
    looked: float
    seconds: float  # of its own, at work
    told: float = 0.0


@dataclass
class Watch:
    """`seconds` are what a trial may take at work, its setup included; None: as long as it likes.

    `clock` gives seconds. `silences` are lines to be told, in the order in which they came.
    `unwanted` has the ids of trials that the user has asked to end.
    """

    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic
    unwanted: Callable[[], Set[str]] = frozenset
    silences: list[str] = field(default_factory=list)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _looked: float = float("-inf")

    def is_due(self) -> bool:
        """Whether a second has passed since the last look: with many trials it takes a while."""
        return self.clock() - self._looked >= 1.0

    def look(self, at_work: Iterable[Trial]) -> list[Trial]:
        """Which of these trials have taken longer than they may; call it often."""
        now = self._looked = self.clock()
        before, self._seen = self._seen, {}
        late = []
        for trial in at_work:
            seen = self._look_at(trial, before.get(trial.trial_id), now)
            self._seen[trial.trial_id] = seen
            if self.seconds is not None and seen.seconds > self.seconds:
                late.append(trial)
            else:
                self._tell_of_silence(trial, seen, now - seen.since)
        return late

    def _look_at(self, trial: Trial, seen: _Seen | None, now: float) -> _Seen:
        result = trial.run_metadata.last_result
        mark = (trial.run_metadata.num_failures, result.get("timestamp"), _epochs(trial))
        if seen is None:  # it begins, or goes on after others had its place
            return _Seen(mark, now, now, float(result.get("time_total_s", 0.0)))
        if seen.mark != mark:
            seen = _Seen(mark, now, seen.looked, seen.seconds)
        seen.seconds += now - seen.looked
        seen.looked = now
        return seen

    def _tell_of_silence(self, trial: Trial, seen: _Seen, silence: float) -> None:
        usual = _seconds_an_epoch(trial)
        if silence < max(MIN_SILENCE_SECONDS, TIMES_LONGER * (usual or 0.0), seen.told):
            return
        seen.told = 2 * silence  # then again, but not at each look
        often = f"its epochs took {usual:.3g} s each" if usual else "it has not reported yet"
        self.silences.append(
            f"Trial {trial.trial_id} has not reported for {silence / 60:.0f} minutes ({often}). "
            "Ctrl-C stops the study, which can go on; --trial-minutes ends such trials."
        )


def _epochs(trial: Trial) -> int:
    return int(trial.run_metadata.last_result.get("training_iteration", 0))


def _seconds_an_epoch(trial: Trial) -> float | None:
    epochs = _epochs(trial)
    seconds = float(trial.run_metadata.last_result.get("time_total_s", 0.0))
    return seconds / epochs if epochs else None
