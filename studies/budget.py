"""The budget of a study: ends the search after a time, or when its trials cost too much."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from ray.tune import Stopper
from ray.tune.stopper import NoopStopper

from automl_on_ray.studies.folder import write_json

SAVE_SECONDS = 1.0  # between two writings of what was spent,
SAVE_SHARE = 0.02  # which with thousands of trials take so much of the loop's time at most


_budgets: WeakValueDictionary[str, Stopper] = WeakValueDictionary()


def _todays(path: str) -> Stopper:
    return _budgets.get(path) or NoopStopper()


class Budget(Stopper):
    """Ends a study after `minutes` on the clock or `cost` spent on trials, over all its resumes.

    A trial costs its own hours times `price_per_hour`. What was spent is kept in `path`. The clock
    goes from the first trial's work to the session's end; `now` gives seconds.

    `ended`: it was used up in a former session, which ended the search.

    Ray saves a study's stopper, and goes on with that one, whatever it is given: what it finds
    when it reads it again is today's budget for `path`.
    """

    def __init__(
        self,
        path: Path,
        *,
        minutes: float | None,
        cost: float | None,
        price_per_hour: float | None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._minutes = minutes
        self._cost = cost
        self._price = price_per_hour or 0.0
        spent = json.loads(path.read_text()) if path.exists() else {}
        self._trial_seconds: dict[str, float] = spent.get("trial_seconds", {})
        self._seconds = sum(self._trial_seconds.values())
        self._before: float = spent.get("clock_seconds", 0.0)
        self.ended = bool(spent.get("ended"))
        self._now = now
        self._began: float | None = None
        self._next_save = 0.0
        self.reason: str | None = None
        _budgets[str(path)] = self

    def __reduce__(self) -> Any:
        return _todays, (str(self._path),)

    def begin(self) -> None:
        """Start the clock, if it has not: what is before the first trial's work is not charged."""
        if self._began is None:
            self._began = self._now()

    @property
    def clock_seconds(self) -> float:
        here = 0.0 if self._began is None else self._now() - self._began
        return self._before + here

    @property
    def spent(self) -> float:
        return self._seconds / 3600 * self._price

    @property
    def seconds_left(self) -> float | None:
        return None if self._minutes is None else max(0.0, self._minutes * 60 - self.clock_seconds)

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        seconds = float(result.get("time_total_s", 0.0))
        self._seconds += seconds - self._trial_seconds.get(trial_id, 0.0)
        self._trial_seconds[trial_id] = seconds
        if self._now() > self._next_save:
            with suppress(OSError):  # a disk that is full for a while is no reason to end a study
                self.save()
        return False

    def stop_all(self) -> bool:
        if self._minutes is not None and self.clock_seconds >= self._minutes * 60:
            self.reason = f"the time budget of {self._minutes:g} minutes is used up"
        elif self._cost is not None and self.spent >= self._cost:
            self.reason = f"the cost budget of {self._cost:g} is used up"
        return self.reason is not None

    def save(self) -> None:
        began = self._now()
        self._next_save = began + SAVE_SECONDS  # if it cannot be written now
        text = {
            "clock_seconds": self.clock_seconds, "trial_seconds": self._trial_seconds,
            "ended": self.reason is not None,
        }  # fmt: skip
        write_json(self._path, text, indent=None)
        ended = self._now()
        self._next_save = ended + max(SAVE_SECONDS, (ended - began) / SAVE_SHARE)
