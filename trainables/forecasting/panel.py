"""Many series of one frequency, parted in time: read, checked, and kept in the node's cache."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Required, TypedDict

import numpy as np

from automl_on_ray.trainables.forecasting.history import History

ORIGINS = 3
LEAST = 4  # steps of a series before a part that is forecast


class ForecastKeywords(TypedDict, total=False):
    """Keywords of a trainable's `setup` that say which series it takes, as `load_panel` reads them.

    `dataset` is a name such as "m3-monthly", a path or URI of a long table (CSV, Parquet, Arrow),
    or what `give_frame` returns; `frame` is then the frame itself, which Ray brings to a worker.
    `time`, `series` and `target` name its columns. `horizon` is in steps, `season` too; `frequency`
    is pandas' alias, such as "MS"; they are found where they are not given, but for the horizon of
    a table. Columns `known` are known ahead of time, those of `past` are not. There are up to
    `origins` folds. `seed` draws `subset` series; data of another `digest` are refused.
    """

    dataset: Required[str]
    time: str | None
    series: list[str]
    target: str | None
    horizon: int | None
    season: int | None
    frequency: str | None
    known: list[str]
    past: list[str]
    origins: int
    seed: int
    subset: int | None
    digest: str | None
    frame: Any


@dataclass(frozen=True)
class Panel:
    """Series with a test part, the last `horizon` steps of each; folds are the origins before it.

    `values` are float64 (n_i,) with the test part, and NaN where nothing is known. `starts` are the
    times of their first values: datetime64[ns], or int64 of a time in steps. `known` and `past`
    are (n_i, k) and (n_i, j), of the columns `known_names` and `past_names`. `digest` is the
    SHA-256 of all of that and the horizon; folds and `subset` are not in it. `remarks` are what the
    user should know, one line each.
    """

    name: str
    digest: str
    ids: tuple[str, ...]
    horizon: int
    season: int
    frequency: str | None
    folds: int
    values: tuple[np.ndarray, ...] = field(repr=False)
    starts: np.ndarray = field(repr=False)
    known: tuple[np.ndarray, ...] = field(repr=False)
    past: tuple[np.ndarray, ...] = field(repr=False)
    known_names: tuple[str, ...] = ()
    past_names: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    asked: ForecastKeywords = field(default_factory=lambda: ForecastKeywords(dataset=""))

    def history(self, fold: int | None) -> tuple[History, np.ndarray]:
        """What comes before a fold, or before the test part (None); and which series are in it.

        Fold 0 ends where the test part begins, fold 1 where fold 0 begins. A missing value is the
        last one before it. Series are positions in `ids`; one too short for a fold is not in it.
        """
        inside = self._inside(fold)
        cuts = [self._cut(series, fold) for series in inside]
        pairs = list(zip(inside.tolist(), cuts, strict=True))
        return History(
            tuple(carried_on(self.values[i][:cut]) for i, cut in pairs),
            self.season,
            self.horizon,
            tuple(self.known[i][: cut + self.horizon] for i, cut in pairs),
            tuple(self.past[i][:cut] for i, cut in pairs),
        ), inside

    def truth(self, fold: int | None) -> np.ndarray:
        """(series in that fold, horizon) float64, NaN where nothing is known at a step.

        At least one step of each series is known.
        """
        ends = [(i, self._cut(i, fold)) for i in self._inside(fold)]
        return np.stack([self.values[i][cut : cut + self.horizon] for i, cut in ends])

    def times(self, series: int) -> np.ndarray:
        """(n_i,): the times of a series' values, with those of the test part."""
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What a person wants to know of it; JSON."""
        raise NotImplementedError

    def keywords(self) -> dict[str, Any]:
        """Of a trial's `setup`: they hold all trials to exactly these data."""
        return {**self.asked, "digest": self.digest}

    def _cut(self, series: int, fold: int | None) -> int:
        parts = 1 if fold is None else fold + 2
        return len(self.values[series]) - parts * self.horizon

    def _inside(self, fold: int | None) -> np.ndarray:
        least = LEAST if fold is None else max(LEAST, 2 * self.season)
        return np.array([
            i for i, values in enumerate(self.values)
            if (cut := self._cut(i, fold)) >= least
            and not np.isnan(values[cut : cut + self.horizon]).all()
        ], int)  # fmt: skip


def carried_on(values: np.ndarray) -> np.ndarray:
    """With the last value before it in place of each NaN; the first is none."""
    last = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    return np.asarray(values[last])


def give_frame(frame: Any) -> str:
    """The `dataset` that stands for a frame of this program: the same for the same content."""
    raise NotImplementedError


def load_panel(asked: Mapping[str, Any]) -> Panel:
    """The series of that name, path, URI or frame, parted.

    The process keeps what it loaded, and the node's cache what it made of a file or frame. Raises
    UserError, one line, for whatever its user can mend.
    """
    raise NotImplementedError
