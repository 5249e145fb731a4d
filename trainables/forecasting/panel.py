"""Many series of one frequency, parted in time: read, checked, and kept in the node's cache."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Required, TypedDict

import numpy as np
import pandas as pd
import pyarrow as pa

from automl_on_ray.search_spaces.core import UserError, give, is_uri, load_object, near_miss
from automl_on_ray.trainables.datasets import at_hand, keep, with_version
from automl_on_ray.trainables.forecasting.collections import COLLECTIONS, read_collection
from automl_on_ray.trainables.forecasting.frequency import season_of, times_after
from automl_on_ray.trainables.forecasting.history import History, carried_on
from automl_on_ray.trainables.forecasting.reading import read_series
from automl_on_ray.trainables.forecasting.series import Series, packed, unpacked
from automl_on_ray.trainables.tables.columns import (
    content_of,
    read,
    read_frame,
    said_of,
    sign,
    usual_columns,
)

LAYOUT = 3  # one more whenever the same file comes to be read in another way
NEEDED = {"time": "the time of a row", "target": "what is to be forecast"}
ORIGINS = 3
LEAST = 4  # steps of a series before a part that is forecast
ENOUGH = 0.25  # of the series are in a fold


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
    SHA-256 of all of that and the horizon; folds and `subset` are not in it. `time_format` says how
    texts of the time are read that could be read in two ways, and `decimal_comma` names columns
    with texts such as 1.234,5. `begun` is the step of each series at which all of its `past` have a
    number; before it they are their first one. `remarks` are what the user should know, one line
    each. `by_name` has the columns that were not asked for, but are called as is usual.
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
    time_format: str = ""
    decimal_comma: tuple[str, ...] = ()
    begun: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()
    asked: ForecastKeywords = field(default_factory=lambda: ForecastKeywords(dataset=""))
    by_name: Mapping[str, str] = field(default_factory=dict)

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
        steps = np.arange(len(self.values[series]))
        return times_after(self.starts[series], self.frequency, steps)

    def last_time(self, series: int) -> Any:
        """Of a series' last value, at the end of the test part."""
        steps = np.array([len(self.values[series]) - 1])
        return times_after(self.starts[series], self.frequency, steps)[0]

    def facts(self) -> dict[str, Any]:
        """What a person wants to know of it; JSON."""
        lengths = np.array([len(values) for values in self.values]) - self.horizon
        least, middle, most = np.quantile(lengths, [0, 0.5, 1]).astype(int).tolist()
        return {
            "series": len(self.ids),
            "steps before the test part": {"least": least, "median": middle, "most": most},
            "horizon": self.horizon,
            "season": self.season,
            "frequency": self.frequency or "unknown",
            "test": f"the last {self.horizon} steps of each series",
            "folds": {f"{(fold + 1) * self.horizon} steps before the test part": len(
                self._inside(fold)) for fold in range(self.folds)},
            "known ahead": list(self.known_names),
            "not known ahead": list(self.past_names),
            "digest": self.digest[:12],
        }  # fmt: skip

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
            and cut > self.begun[i]  # a model refuses to forecast without any number of a covariate
            and not np.isnan(values[cut : cut + self.horizon]).all()
        ], int)  # fmt: skip


def give_frame(frame: Any) -> str:
    """The `dataset` that stands for a frame of this program: the same for the same content."""
    return give(frame, f"series {_given(frame).digest[:12]}")


def load_panel(asked: ForecastKeywords) -> Panel:
    """The series of that name, path, URI or frame, parted.

    The process keeps what it loaded, and the node's cache what it made of a file or frame. Raises
    UserError, one line, for whatever its user can mend.
    """
    words, frame = _words(asked), asked.get("frame")
    source = words["dataset"]
    if frame is None and ":" in source and not is_uri(source) and not Path(source).exists():
        frame = load_object(source, kind="table of series")
    if frame is not None:
        given = _given(frame)
        panel = _load(json.dumps(words), given, None, given.digest)
    elif source in COLLECTIONS:
        panel = _load(json.dumps(words), None, None, "")
    else:
        words["dataset"] = with_version(source) if is_uri(source) else _there(source)
        with at_hand(words["dataset"]) as path:
            panel = _load(json.dumps(words), None, path, sign(path))
    digest = asked.get("digest")
    if digest is not None and panel.digest != digest:
        raise UserError(
            f"The series of {panel.name} are not those that the study began with (digest "
            f"{panel.digest[:12]} instead of {digest[:12]}): they have been changed since, or are "
            "others on this node."
        )
    return panel


def _words(asked: ForecastKeywords) -> ForecastKeywords:
    """What can be written as JSON, with what is usual in place of what is not given."""
    return ForecastKeywords(
        dataset=asked["dataset"], time=asked.get("time"), series=list(asked.get("series") or ()),
        target=asked.get("target"), horizon=asked.get("horizon"), season=asked.get("season"),
        frequency=asked.get("frequency"), known=list(asked.get("known") or ()),
        past=list(asked.get("past") or ()), origins=asked.get("origins") or ORIGINS,
        seed=asked.get("seed", 0), subset=asked.get("subset"),
    )  # fmt: skip


def _there(source: str) -> str:
    path = Path(source).expanduser().absolute()
    if not path.exists() and path.suffix == "" and path.name == source:
        raise UserError(
            f"There are no series called {source!r}.{near_miss(source, COLLECTIONS)} Known are "
            f"{', '.join(COLLECTIONS)}; or give the path of a table."
        )
    return str(path)


@dataclass(frozen=True)
class _Given:
    """A frame of a Python program, known by its content."""

    digest: str
    frame: pd.DataFrame = field(compare=False, repr=False)


def _given(frame: Any) -> _Given:
    frame = read_frame(frame, "The table of series")
    return _Given(content_of(frame), frame)


@lru_cache(maxsize=4)
def _load(words: str, given: _Given | None, path: Path | None, state: str) -> Panel:
    asked: ForecastKeywords = json.loads(words)
    name = asked["dataset"]
    if given is not None:
        name = "table"
    elif path is not None:
        name = Path(name.partition("#")[0]).stem
    made = {key: asked[key] for key in ("dataset", "time", "series", "target", "frequency",
                                        "known", "past")}  # fmt: skip
    identity = hashlib.sha256(f"{json.dumps(made)}\0{state}".encode()).hexdigest()[:16]
    series = unpacked(keep(f"series-{LAYOUT}-{identity}", _maker(asked, given, path)))
    pa.default_memory_pool().release_unused()  # what was read; Arrow would keep its memory
    panel = _parted(name, series, asked)
    return replace(panel, asked={**asked, "frame": given.frame}) if given else panel


def _maker(
    asked: ForecastKeywords, given: _Given | None, path: Path | None
) -> Callable[[], dict[str, np.ndarray]]:
    def make() -> dict[str, np.ndarray]:
        if asked["dataset"] in COLLECTIONS and given is None and path is None:
            _check_no_columns(asked)
            return packed(read_collection(asked["dataset"]))
        if given is not None:
            raw, remarks = read_frame(given.frame, "The table of series"), list[str]()
        else:
            assert path is not None
            raw, remarks = read(path)
        named = usual_columns(list(raw), asked, NEEDED, ["series"])
        found = read_series(raw, {**asked, **_as_asked(named)})
        remarks = [*remarks, *said_of(named), *found.remarks]
        return packed(replace(found, remarks=tuple(remarks), by_name=named))

    return make


def _as_asked(named: Mapping[str, str]) -> dict[str, Any]:
    """Keywords: there may be several columns of series."""
    return {role: [name] if role == "series" else name for role, name in named.items()}


def _check_no_columns(asked: ForecastKeywords) -> None:
    for word in ("time", "series", "target", "known", "past", "frequency"):
        if asked.get(word):
            raise UserError(f"{asked['dataset']} has no columns: leave out the {word}.")


def _parted(name: str, series: Series, asked: ForecastKeywords) -> Panel:
    """With horizon, season and folds, of the series that are long enough."""
    collection = COLLECTIONS.get(asked["dataset"])
    horizon = asked["horizon"] or (collection.horizon if collection else None)
    if horizon is None or horizon < 1:
        raise UserError("Give the horizon: how many steps are to be forecast, 1 at least.")
    usual = collection.season if collection else season_of(series.frequency)
    digest = _digest(series, horizon)
    series, remarks = _long_enough(series, horizon)
    if asked["subset"] and asked["subset"] < len(series.ids):
        series = _drawn(series, asked["subset"], asked["seed"])
    _check_known(series, horizon)
    series, begun, said = _covered(series, horizon)
    remarks += said
    panel = Panel(
        name=name, digest=digest, horizon=horizon, season=asked["season"] or usual, folds=0,
        remarks=(*series.remarks, *remarks), asked=asked, begun=begun,
        by_name=series.by_name,
        **{key: getattr(series, key) for key in (
            "ids", "frequency", "values", "starts", "known", "past", "known_names", "past_names",
            "time_format", "decimal_comma")},
    )  # fmt: skip
    return _with_folds(_with_season(panel))


def _long_enough(series: Series, horizon: int) -> tuple[Series, list[str]]:
    """Those with a test part of which something is known; and what is to be said of others."""
    needed = horizon + LEAST
    kept = [i for i, values in enumerate(series.values)
            if len(values) >= needed and not np.isnan(values[-horizon:]).all()]  # fmt: skip
    out = sorted(set(range(len(series.ids))) - set(kept))
    if not out:
        return series, []
    first = f"{series.ids[out[0]]!r} with {len(series.values[out[0]])} steps"
    why = f"the horizon of {horizon} and {LEAST} steps before it"
    if not kept:
        raise UserError(f"All series are shorter than {why}, such as {first}: give fewer steps.")
    said = f"{len(out)} series are left out, shorter than {why}, such as {first}."
    return _some(series, np.array(kept)), [said]


def _drawn(series: Series, count: int, seed: int) -> Series:
    drawn = np.random.default_rng(seed).choice(len(series.ids), count, replace=False)
    return _some(series, np.sort(drawn))


def _some(series: Series, kept: np.ndarray) -> Series:
    picked: dict[str, Any] = {key: tuple(getattr(series, key)[i] for i in kept)
              for key in ("ids", "values", "known", "past")}  # fmt: skip
    return replace(series, starts=series.starts[kept], **picked)


def _check_known(series: Series, horizon: int) -> None:
    """Values known ahead are needed where they are to be forecast with."""
    for name, place in zip(series.known_names, range(len(series.known_names)), strict=True):
        for key, values in zip(series.ids, series.known, strict=True):
            if np.isnan(values[-horizon:, place]).all():
                raise UserError(
                    f"Column {name!r} has no value in the last {horizon} steps of the series "
                    f"{key!r}, so it is not known ahead: make it known past, or fill it."
                )


def _covered(series: Series, horizon: int) -> tuple[Series, tuple[int, ...], list[str]]:
    """With the value before it in place of a missing one of a covariate, or else the first one.

    So a registered model does it too. Then at which step all that is not known ahead has begun; of
    series where it has not before the test part, nothing is left. And what is to be said.
    """
    flat = [values for part in (series.known, series.past) for values in part]
    missing = sum(int(np.isnan(values).sum()) for values in flat)
    if not missing:
        return series, (0,) * len(series.ids), []
    series, remarks = _begun_before_the_test(series, horizon)
    begun = tuple(int(_begins(values).max(initial=0)) for values in series.past)
    known, past = (tuple(map(_filled, part)) for part in (series.known, series.past))
    said = f"{missing} values of covariates are missing: the one before is taken."
    if late := sum(step > 0 for step in begun):
        said += (
            f" In {late} series a column of {', '.join(series.past_names)} begins after the "
            "target: its first number is taken before that, and origins before it are left out."
        )
    return replace(series, known=known, past=past), begun, [*remarks, said]


def _begun_before_the_test(series: Series, horizon: int) -> tuple[Series, list[str]]:
    """UserError where no series is left."""
    late = [_begins(values) >= len(values) - horizon for values in series.past]
    out = [i for i, columns in enumerate(late) if columns.any()]
    if not out:
        return series, []
    name = series.past_names[int(late[out[0]].argmax())]
    why = f"no number of {name!r} before the test part"
    if len(out) == len(series.ids):
        raise UserError(f"All series, such as {series.ids[out[0]]!r}, have {why}: leave it out.")
    said = f"{len(out)} series are left out, such as {series.ids[out[0]]!r}: it has {why}."
    return _some(series, np.setdiff1d(np.arange(len(series.ids)), out)), [said]


def _begins(values: np.ndarray) -> np.ndarray:
    """(j,): the step of the first number in each column of (n, j); n where there is none."""
    there = ~np.isnan(values)
    return np.where(there.any(axis=0), there.argmax(axis=0), len(values))


def _filled(values: np.ndarray) -> np.ndarray:
    """(n, j). Each column has a number."""
    firsts = np.minimum(_begins(values), len(values) - 1)
    made = [
        np.where(np.isnan(carried := carried_on(column)), column[first], carried)
        for column, first in zip(values.T, firsts, strict=True)
    ]
    return np.stack(made, axis=1) if made else values


def _with_season(panel: Panel) -> Panel:
    """Without a season that most series do not have twice before the last fold's part."""
    twice = sum(panel._cut(i, 0) >= 2 * panel.season for i in range(len(panel.ids)))
    if panel.season == 1 or 2 * twice >= len(panel.ids):
        return panel
    said = (
        f"Most series are too short for two seasons of {panel.season} steps before two horizons: "
        "forecasts are made without a season."
    )
    return replace(panel, season=1, remarks=(*panel.remarks, said))


def _with_folds(panel: Panel) -> Panel:
    """As many as asked for, or as enough series are long enough for."""
    asked, count = panel.asked["origins"], len(panel.ids)
    inside = [len(panel._inside(fold)) for fold in range(asked)]
    folds = next((f for f in range(asked) if inside[f] < max(1, ENOUGH * count)), asked)
    if not folds:
        needed = 2 * panel.horizon + max(LEAST, 2 * panel.season)
        raise UserError(
            f"Only {inside[0]} of {count} series have {needed} steps, which a test part and a part "
            f"to compare models on need{_and_begun(panel)}: give a smaller horizon."
        )
    remarks = list(panel.remarks)
    if folds < asked:
        remarks.append(f"There are {folds} folds instead of {asked}: the series are too short.")
    least = min(inside[:folds])
    if least < count:
        told = f"Of {count} series, {least} are long enough for the earliest fold"
        remarks.append(f"{told}{_and_begun(panel)}.")
    return replace(panel, folds=folds, remarks=(*remarks, *_remarks_on_values(panel)))


def _and_begun(panel: Panel) -> str:
    return f", with {', '.join(panel.past_names)} begun before both" if any(panel.begun) else ""


def _remarks_on_values(panel: Panel) -> list[str]:
    flat = [key for key, values in zip(panel.ids, panel.values, strict=True)
            if np.nanmin(values) == np.nanmax(values)]  # fmt: skip
    said = []
    if flat:
        said.append(
            f"{len(flat)} series never change, such as {flat[0]!r}; their MASE is scaled by the "
            "median scale of the others."
        )
    if panel.starts.dtype.kind != "M":
        return said
    lasts = {str(panel.last_time(i))[:19] for i in range(len(panel.ids))}
    if len(lasts) > 1:
        said.append(
            f"Series end at different times, from {min(lasts)} to {max(lasts)}: the test part of "
            "one may lie before what is learned from another."
        )
    return said


def _digest(series: Series, horizon: int) -> str:
    """SHA-256 over names, times, values and the horizon."""
    told = [series.ids, series.frequency, series.known_names, series.past_names, horizon]
    total = hashlib.sha256(json.dumps(told).encode())
    for array in (series.starts, *series.values, *series.known, *series.past):
        total.update(np.ascontiguousarray(array).view(np.uint8).data)
    return total.hexdigest()
