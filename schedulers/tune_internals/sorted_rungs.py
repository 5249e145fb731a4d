"""ASHA's rungs in order: Ray sorts what all trials had at a rung whenever one more comes there."""

import math
from bisect import bisect_left, insort
from collections.abc import Mapping
from typing import Any

from ray.tune.schedulers import ASHAScheduler
from ray.tune.schedulers.async_hyperband import _Bracket


class SortedRung(dict[str, float]):
    """What each trial had at a rung, by its id."""

    def __init__(self, values: Mapping[str, float] | None = None) -> None:
        super().__init__(values or {})
        self._sorted = sorted(self.values())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def __setitem__(self, trial: str, value: float) -> None:
        if trial in self:
            del self._sorted[bisect_left(self._sorted, self[trial])]
        super().__setitem__(trial, value)
        insort(self._sorted, value)

    def quantile(self, part: float) -> float:
        """As numpy has it: between two values by their distance."""
        place = (len(self._sorted) - 1) * part
        low = math.floor(place)
        low_value, high_value = self._sorted[low], self._sorted[min(low + 1, len(self) - 1)]
        gap, share = high_value - low_value, place - low
        return high_value - gap * (1 - share) if share >= 0.5 else low_value + gap * share


class SortedBracket(_Bracket):
    """Ray's, with rungs in order; those that were saved by former versions stay as they are."""

    def cutoff(self, recorded: dict[str, float]) -> Any:
        if not recorded or not isinstance(recorded, SortedRung):
            return super().cutoff(recorded)
        return recorded.quantile((1 - 1 / self.rf) * 100 / 100)  # rounded as Ray's percent are


def sort_rungs(scheduler: ASHAScheduler) -> ASHAScheduler:
    """The same scheduler, new; its cost a result does not grow with the number of trials."""
    for bracket in scheduler._brackets:
        bracket.__class__ = SortedBracket
        bracket._rungs = [(milestone, SortedRung()) for milestone, _ in bracket._rungs]
    return scheduler
