"""Who is ahead of how many of the others, kept up to date score by score.

A population of thousands is asked at every interval's end of every trial who is weak. To compare
all with all each time takes seconds; here one trial is compared with all, by numpy.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

MIN_ROWS = 16  # rows that there is place for


class Ranking:
    """Trials by how many of the others each is ahead of; equals by `order`, the lower is weaker.

    Two trials are compared by their scores at the last time for which both are known. A trial that
    leaves gives its row to the next that comes, so it takes the place of those alive, no more.
    """

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._names = np.full(MIN_ROWS, "", object)  # by row
        self._free = list(reversed(range(MIN_ROWS)))
        self._known: dict[str, tuple[int, ...]] = {}  # times with a score, newest first
        self._scores: dict[int, NDArray[np.float64]] = {}  # by time: a row a trial, NaN for none
        self._here = np.zeros(MIN_ROWS, bool)
        self._wins, self._order, self._judged = (np.zeros(MIN_ROWS, np.int64) for _ in range(3))
        self._finite = np.zeros(MIN_ROWS, bool)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    def put(self, name: str, order: int, scores: Mapping[int, float], judged: int) -> None:
        """Compare a trial anew, or for the first time; it has scores, and its last counts."""
        times = tuple(sorted(scores, reverse=True))
        if self._known.get(name) == times[1:]:  # one interval more, as nearly always
            self._extend(self._rows[name], times, scores[times[0]])
        else:
            self.drop(name)
            self._add(name, times, scores)
        row = self._rows[name]
        self._known[name] = times
        self._order[row], self._judged[row] = order, judged
        self._finite[row] = math.isfinite(scores[times[0]])

    def _extend(self, row: int, times: Sequence[int], score: float) -> None:
        """With those that have been there too it is compared by that from now on."""
        column = self._column(times[0])
        others = np.flatnonzero(self._here & ~np.isnan(column))
        ahead, behind = self._compared(row, times[1:], others)
        there = column[others]
        self._wins[others] += (there > score).astype(np.int64) - behind
        self._wins[row] += np.count_nonzero(there < score) - np.count_nonzero(ahead)
        column[row] = score

    def _add(self, name: str, times: Sequence[int], scores: Mapping[int, float]) -> None:
        if not self._free:
            self._grow()
        row = self._free.pop()
        for time in times:
            self._column(time)[row] = scores[time]
        others = np.flatnonzero(self._here)
        ahead, behind = self._compared(row, times, others)
        self._wins[others] += behind
        self._wins[row] = np.count_nonzero(ahead)
        self._rows[name], self._names[row], self._here[row] = row, name, True

    def drop(self, name: str) -> None:
        """It is compared no more, if it was."""
        row = self._rows.pop(name, None)
        if row is None:
            return
        self._here[row] = False
        times, others = self._known.pop(name), np.flatnonzero(self._here)
        self._wins[others] -= self._compared(row, times, others)[1]
        for time in times:
            self._scores[time][row] = np.nan
        self._free.append(row)

    def weaker(self, name: str) -> int:
        """How many are ranked below `name`."""
        row = self._rows[name]
        wins, equal = self._wins, self._here & (self._wins == self._wins[row])
        below = self._here & (wins < wins[row])
        return int(np.count_nonzero(below | (equal & (self._order < self._order[row]))))

    def weakest(self, count: int) -> list[str]:
        """So many, the weakest first."""
        rows, keys = self._keys()
        if count < len(rows):
            first = np.argpartition(keys, count)[:count]
            rows, keys = rows[first], keys[first]
        return self._named(rows, keys)

    def strongest(self, count: int, since: int | None = None) -> list[str]:
        """Of the `count` strongest, the strongest last.

        Those with a finite score, judged at `since` or later.
        """
        rows, keys = self._keys()
        if count < len(rows):
            last = np.argpartition(keys, -count)[len(rows) - count :] if count else rows[:0]
            rows, keys = rows[last], keys[last]
        fit = self._finite[rows]
        if since is not None:
            fit &= self._judged[rows] >= since
        return self._named(rows[fit], keys[fit])

    def _keys(self) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Rows of those compared, and what puts them in order."""
        rows = np.flatnonzero(self._here)
        return rows, (self._wins[rows] << 32) + self._order[rows]

    def _named(self, rows: NDArray[np.intp], keys: NDArray[np.int64]) -> list[str]:
        names: list[str] = self._names[rows[np.argsort(keys)]].tolist()
        return names

    def _compared(
        self, row: int, times: Sequence[int], others: NDArray[np.intp]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Of whom of `others` it is ahead, and whom behind; `times` are its own, newest first."""
        ahead, behind = np.zeros(len(others), bool), np.zeros(len(others), bool)
        left = np.ones(len(others), bool)  # those that have no time in common with it up to now
        for time in times:
            column = self._scores[time]
            scores = column[others]
            ahead |= left & (scores < column[row])
            behind |= left & (scores > column[row])
            left &= np.isnan(scores)
            if not left.any():
                break
        return ahead, behind

    def _column(self, time: int) -> NDArray[np.float64]:
        if time not in self._scores:
            self._scores[time] = np.full(len(self._names), np.nan)
        return self._scores[time]

    def _grow(self) -> None:
        size = len(self._names)
        self._names = np.concatenate([self._names, np.full(size, "", object)])
        self._free = list(reversed(range(size, 2 * size)))
        for name in ("_here", "_wins", "_order", "_judged", "_finite"):
            kept = getattr(self, name)
            setattr(self, name, np.concatenate([kept, np.zeros_like(kept)]))
        for time, scores in self._scores.items():
            self._scores[time] = np.concatenate([scores, np.full(size, np.nan)])
