"""Which trials lead, kept up to date report by report: a study of thousands is not sorted anew."""

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking.reports.description import rank


class Standings:
    """Trials as `best_first` has them, for these objectives, by name; equals by `order`."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._objectives = objectives
        self._ranked: list[tuple[float, int, str]] = []
        self._placed: dict[str, tuple[float, int, str]] = {}

    def tell(self, name: str, order: int, metrics: Mapping[str, float], outcome: str) -> None:
        """What is known of a trial now."""
        self.forget(name)
        value = rank(metrics, outcome, self._objectives)
        if value is not None:
            self._placed[name] = (value, order, name)
            insort(self._ranked, self._placed[name])

    def forget(self, name: str) -> None:
        place = self._placed.pop(name, None)
        if place is not None:
            del self._ranked[bisect_left(self._ranked, place)]

    def first(self, count: int) -> list[str]:
        return [name for _, _, name in self._ranked[:count]]
