"""Windows over many series: what a model sees of each, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SCALINGS = ("mean", "last", "standard")


@dataclass(frozen=True)
class Batch:
    """B windows: `seen` (B, lookback), and the `target` (B, horizon), NaN where it is not known.

    `known` is (B, lookback + horizon, k), `past` (B, lookback, j).
    """

    seen: np.ndarray
    target: np.ndarray
    known: np.ndarray
    past: np.ndarray


class Windows:
    """All windows of series of `values`. One is a row: the series, and how many values it follows.

    In front of a series its first value is repeated, so that short ones have windows too.
    """

    def __init__(
        self,
        values: Sequence[np.ndarray],
        known: Sequence[np.ndarray],
        past: Sequence[np.ndarray],
        *,
        lookback: int,
        horizon: int,
    ) -> None:
        self.lookback, self.horizon = lookback, horizon
        self.lengths = np.array([len(one) for one in values])
        front = (lookback, 0)
        ahead = [np.pad(one, (0, horizon), constant_values=np.nan) for one in values]
        self._values = np.concatenate([np.pad(one, front, mode="edge") for one in ahead])
        self._known = np.concatenate([np.pad(one, (front, (0, 0)), mode="edge") for one in known])
        self._past = np.concatenate([
            np.pad(one, ((lookback, horizon), (0, 0)), mode="edge") for one in past
        ])  # fmt: skip
        sizes = self.lengths + lookback + horizon
        self._firsts = np.cumsum(sizes) - sizes + lookback  # places of the series' first values

    def rows(self, *, before_end: int = 0, most: int | None = None) -> np.ndarray:
        """(n, 2): windows whose targets end at least `before_end` steps before the series does.

        They are whole, or one a series of what there is. Of each series the `most` latest.
        """
        lasts = self.lengths - self.horizon - before_end
        firsts = np.minimum(self.lookback, np.maximum(1, lasts))
        if most is not None:
            firsts = np.maximum(firsts, lasts - most + 1)
        counts = np.maximum(0, lasts - firsts + 1)
        series = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.column_stack([series, firsts[series] + within])

    def ends(self) -> np.ndarray:
        """(series, 2): the windows from which to forecast."""
        return np.column_stack([np.arange(len(self.lengths)), self.lengths])

    def batch(self, rows: np.ndarray) -> Batch:
        at = (self._firsts[rows[:, 0]] + rows[:, 1])[:, None]
        seen = at + np.arange(-self.lookback, 0)
        ahead = at + np.arange(self.horizon)
        return Batch(
            self._values[seen],
            self._values[ahead],
            self._known[np.concatenate([seen, ahead], axis=1)],
            self._past[seen],
        )


@dataclass(frozen=True)
class Scale:
    """Brings each of B windows to one size: (values - `shift`) / `unit`, both (B, 1)."""

    shift: np.ndarray
    unit: np.ndarray

    @classmethod
    def of(cls, seen: np.ndarray, way: str, recent: int) -> "Scale":
        """By the mean size of the `recent` steps of what is `seen`, also from its last value on.

        Or to deviation 1 ("standard") of all of it. A constant window has no unit, and takes 1.
        """
        size = np.abs(seen[:, -recent:]).mean(axis=1, keepdims=True)
        if way == "mean":
            shift, unit = np.zeros_like(size), size
        elif way == "last":
            shift, unit = seen[:, -1:], size
        elif way == "standard":
            shift = seen.mean(axis=1, keepdims=True)
            unit = np.maximum(seen.std(axis=1, keepdims=True), 0.01 * size)
        else:
            raise ValueError(f"{way!r} is no way of scaling; it is one of {', '.join(SCALINGS)}.")
        return cls(shift, np.where(unit > 0, unit, 1.0))

    def there(self, values: np.ndarray) -> np.ndarray:
        scaled: np.ndarray = (values - self.shift) / self.unit
        return scaled

    def back(self, values: np.ndarray) -> np.ndarray:
        """Of (B, horizon, ...)."""
        more = (slice(None), slice(None), *[None] * (values.ndim - 2))
        restored: np.ndarray = values * self.unit[more] + self.shift[more]
        return restored
