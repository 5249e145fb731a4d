"""How fast a stage gets on, and how long it will still take."""

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence

WINDOW_SECONDS = 300.0  # the pace is that of so long ago until now,
MIN_REPORTS_KEPT = 20  # and of so many reports at least
MIN_REPORTS = 3  # before which nothing can be said


class Pace:
    """Told of reports, each one epoch of a trial, with the seconds at which they came."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._at_work: deque[int] = deque()

    def begin(self, now: float) -> None:
        """The first trial is at work; what was before is not work."""
        if not self._times:
            self._times.append(now)

    def report(self, now: float, at_work: int) -> None:
        """An epoch was done, while so many trials were at work."""
        self.begin(now)
        self._times.append(now)
        self._at_work.append(max(1, at_work))
        while len(self._at_work) > MIN_REPORTS_KEPT and now - self._times[0] > WINDOW_SECONDS:
            self._times.popleft()
            self._at_work.popleft()

    def seconds_for(self, now: float, epochs: float, longest: float) -> float | None:
        """Until so many epochs are done, of which one trial has the `longest`, by the pace of late.

        None before enough was done to say. A trial has one slot: when fewer are left than slots,
        the others help it no more.
        """
        reports = len(self._at_work)
        slots = sum(self._at_work) / max(1, reports)
        if reports < max(MIN_REPORTS, 2 * slots) or now <= self._times[0]:
            return None
        an_epoch = (now - self._times[0]) / reports
        return an_epoch * max(epochs, slots * longest)


class Lengths:
    """How many epochs trials may still get, by what others got (Kaplan and Meier, 1958).

    `ended` counts trials by the epochs after which they ended, `at_work` has the epochs that each
    of the others has done. At most they get `epochs`.
    """

    def __init__(self, ended: Mapping[int, int], at_work: Sequence[int], epochs: int) -> None:
        self._epochs = epochs
        self._ends: list[tuple[int, float]] = []  # epoch, and the share of trials that it ends
        others = sorted(at_work)
        beyond = sum(ended.values())
        for epoch in sorted(ended):
            got_there = beyond + len(others) - bisect_left(others, epoch)
            if 0 < epoch < epochs and ended[epoch]:
                # One more, which goes on: a single trial that has ended says little.
                self._ends.append((epoch, ended[epoch] / (got_there + 1)))
            beyond -= ended[epoch]

    def after(self, epoch: int) -> float:
        """Epochs that a trial will do on average after so many."""
        expected, share, reached = 0.0, 1.0, min(epoch, self._epochs)
        for end, ending in self._ends:
            if end > epoch:
                expected += share * (end - reached)
                share, reached = share * (1 - ending), end
        return expected + share * (self._epochs - reached)
