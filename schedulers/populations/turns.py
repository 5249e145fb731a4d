"""Trials that wait for a slot, in the order of their turns, without a look at all of them."""

import heapq
from collections.abc import Iterator, Mapping

from ray.tune.experiment import Trial

Place = tuple[int, int]


class Turns:
    """The lowest place first.

    Tune starts and stops trials, and tells a scheduler nothing of it: one that is found at work
    has had its turn, unless it has only been asked to pause.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[Place, str]] = []
        self._places: dict[str, Place] = {}
        self._asked_to_pause: set[str] = set()

    def wait(self, name: str, place: Place, *, pausing: bool = False) -> None:
        """A trial waits, or will when it has paused; at this place now."""
        self._places[name] = place
        heapq.heappush(self._heap, (place, name))
        if pausing:
            self._asked_to_pause.add(name)

    def leave(self, name: str) -> None:
        self._places.pop(name, None)
        self._asked_to_pause.discard(name)

    def waiting(self, trials: Mapping[str, Trial]) -> Iterator[Trial]:
        """Those that do wait now, in order; the consumer may have them wait elsewhere, or leave."""
        kept = []
        try:
            while self._heap:
                place, name = entry = heapq.heappop(self._heap)
                if self._places.get(name) != place:
                    continue
                if waits(trials[name]):
                    kept.append(entry)
                    self._asked_to_pause.discard(name)
                    yield trials[name]
                elif name in self._asked_to_pause and not trials[name].is_finished():
                    kept.append(entry)
                else:
                    self.leave(name)
        finally:
            for entry in kept:
                heapq.heappush(self._heap, entry)


def waits(trial: Trial) -> bool:
    return trial.status in (Trial.PENDING, Trial.PAUSED)
