"""Who is ahead of how many of the others, kept up to date score by score.

A population of thousands is asked at every interval's end of every trial who is weak. To compare
all with all each time takes seconds; here one trial is compared with all, by numpy.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

MIN_ROWS = 16  # rows that there is place for
NOBODY = -1  # the key of a row without a trial, below all others
ORDER_BITS = 32  # of a key


class Ranking:
    """Trials by how many of the others each is ahead of; equals by `order`, the lower is weaker.

    Two trials are compared by their scores at the last time for which both are known. A trial that
    leaves gives its row to the next that comes, so it takes the place of those alive, no more.
    Whole arrays are gone through: to pick rows out first takes longer than to compare them.
    """

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._names = np.full(MIN_ROWS, "", object)  # by row
        self._free = list(reversed(range(MIN_ROWS)))
        self._known: dict[str, tuple[int, ...]] = {}  # times with a score, newest first
        self._scores: dict[int, NDArray[np.float64]] = {}  # by time: a row a trial, NaN for none
        # What puts them in order: of how many each is ahead, and in the lower bits its order.
        self._keys = np.full(MIN_ROWS, NOBODY, np.int64)
        self._judged = np.zeros(MIN_ROWS, np.int64)
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
            self._add(name, order, times, scores)
        row = self._rows[name]
        self._known[name] = times
        self._judged[row] = judged
        self._finite[row] = math.isfinite(scores[times[0]])

    def _extend(self, row: int, times: Sequence[int], score: float) -> None:
        """With those that have been there too it is compared by that from now on."""
        column = self._column(times[0])
        ahead, behind = self._compared(row, times[1:], ~np.isnan(column))
        self._keys += ((column > score).astype(np.int64) - behind) << ORDER_BITS
        gained = np.count_nonzero(column < score) - np.count_nonzero(ahead)
        self._keys[row] += gained << ORDER_BITS
        column[row] = score

    def _add(
        self, name: str, order: int, times: Sequence[int], scores: Mapping[int, float]
    ) -> None:
        if not self._free:
            self._grow()
        row = self._free.pop()
        for time in times:
            self._column(time)[row] = scores[time]
        ahead, behind = self._compared(row, times, self._keys != NOBODY)
        self._keys += behind.astype(np.int64) << ORDER_BITS
        self._keys[row] = (np.count_nonzero(ahead) << ORDER_BITS) + order
        self._rows[name], self._names[row] = row, name

    def drop(self, name: str) -> None:
        """It is compared no more, if it was."""
        row = self._rows.pop(name, None)
        if row is None:
            return
        self._keys[row] = NOBODY
        times = self._known.pop(name)
        behind = self._compared(row, times, self._keys != NOBODY)[1]
        self._keys -= behind.astype(np.int64) << ORDER_BITS
        for time in times:
            self._scores[time][row] = np.nan
        self._free.append(row)

    def weaker(self, name: str) -> int:
        """How many are ranked below `name`."""
        below = np.count_nonzero(self._keys < self._keys[self._rows[name]])
        return int(below) - len(self._free)

    def weakest(self, count: int) -> "Ranked":
        """So many, the weakest first."""
        fit = self._keys != NOBODY
        if count < len(self):
            place = len(self._free) + count
            fit &= self._keys < np.partition(self._keys, place)[place]
        return Ranked(self._names, self._keys, fit)

    def strongest(self, count: int, since: int | None = None) -> "Ranked":
        """Of the `count` strongest, the strongest last.

        Those with a finite score, judged at `since` or later.
        """
        place = len(self._keys) - min(count, len(self))
        if place == len(self._keys):
            return Ranked(self._names, self._keys, np.zeros(place, bool))
        fit = (self._keys >= np.partition(self._keys, place)[place]) & self._finite
        if since is not None:
            fit &= self._judged >= since
        return Ranked(self._names, self._keys, fit)

    def _compared(
        self, row: int, times: Sequence[int], others: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Of whom of `others` it is ahead, and whom behind; `times` are its own, newest first."""
        ahead, behind = np.zeros(len(others), bool), np.zeros(len(others), bool)
        left = others  # those that have no time in common with it up to now
        for time in times:
            scores = self._scores[time]
            ahead |= left & (scores < scores[row])
            behind |= left & (scores > scores[row])
            left = left & np.isnan(scores)
            if not left.any():
                break
        return ahead, behind

    def _column(self, time: int) -> NDArray[np.float64]:
        if time not in self._scores:
            self._scores[time] = np.full(len(self._names), np.nan)
        return self._scores[time]

    def _grow(self) -> None:
        size = len(self._names)
        self._free = list(reversed(range(size, 2 * size)))
        for name, empty in (("_names", ""), ("_keys", NOBODY), ("_judged", 0), ("_finite", False)):
            kept = getattr(self, name)
            setattr(self, name, np.concatenate([kept, np.full(size, empty, kept.dtype)]))
        for time, scores in self._scores.items():
            self._scores[time] = np.concatenate([scores, np.full(size, np.nan)])


class Ranked(Sequence[str]):
    """Some of a ranking, the weakest first; they are put in order when they are asked for."""

    def __init__(
        self, names: NDArray[Any], keys: NDArray[np.int64], fit: NDArray[np.bool_]
    ) -> None:
        rows = np.flatnonzero(fit)
        self._names, self._keys = names[rows], keys[rows]

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return list(self)[index]
        return str(self._names[np.argpartition(self._keys, index)[index]])

    def __iter__(self) -> Iterator[str]:
        yield from self._names[np.argsort(self._keys)]
