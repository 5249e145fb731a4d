"""Some series side by side, so that one pass over time serves them all."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.levels import LEVELS

ROWS = 512  # series of a block
LONGEST = 600  # steps, or ten seasons, at the end of a series are looked at


@dataclass(frozen=True)
class Block:
    """`values` (n, T), each series from its first column on, with NaN behind its end.

    The longest is first. Each is divided by its greatest absolute value.
    """

    values: np.ndarray
    season: int
    horizon: int

    @cached_property
    def lengths(self) -> np.ndarray:
        """(n,)"""
        return np.asarray((~np.isnan(self.values)).sum(axis=1))

    @cached_property
    def positive(self) -> np.ndarray:
        """(n,): which series have values above 0 only."""
        return np.asarray(np.nanmin(self.values, axis=1) > 0)

    def there(self, step: int) -> slice:
        """The rows that have a value at this step."""
        return slice(0, int((self.lengths > step).sum()))

    def ahead(self, step: int) -> np.ndarray:
        """(rows, horizon): the values after this step of the rows that are there; NaN behind."""
        found = np.full((len(self.values[self.there(step)]), self.horizon), np.nan)
        part = self.values[self.there(step), step + 1 : step + 1 + self.horizon]
        found[:, : part.shape[1]] = part
        return found


Forecast = Callable[[Block], np.ndarray]


def by_blocks(history: History, forecast: Forecast, threads: int) -> np.ndarray:
    """(n, horizon, len(LEVELS)): what `forecast` says of all series, in their order."""
    made = np.empty((len(history.values), history.horizon, len(LEVELS)))

    def fill(part: tuple[np.ndarray, np.ndarray, Block]) -> None:
        rows, sizes, block = part
        made[rows] = forecast(block) * sizes[:, None, None]

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, _blocks(history)))
    return np.asarray(np.sort(made, axis=2))


def _blocks(history: History) -> Iterator[tuple[np.ndarray, np.ndarray, Block]]:
    """Which series are in it, what their values were divided by, and the block."""
    longest = max(LONGEST, 10 * history.season)
    ends = [values[-longest:] for values in history.values]
    order = np.argsort([-len(values) for values in ends], kind="stable")
    for rows in np.split(order, range(ROWS, len(order), ROWS)):
        sizes = np.array([np.abs(ends[i]).max() or 1.0 for i in rows])
        values = np.full((len(rows), len(ends[rows[0]])), np.nan)
        for place, i in enumerate(rows):
            values[place, : len(ends[i])] = ends[i] / sizes[place]
        yield rows, sizes, Block(values, history.season, history.horizon)
