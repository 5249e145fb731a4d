"""Events of users and items: read, checked, put in order of time and parted."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Required, TypedDict

import numpy as np
import pandas as pd
from scipy import sparse

from automl_on_ray.search_spaces.core import UserError, check_choice, give, is_uri, load_object
from automl_on_ray.trainables.datasets import Kept, at_hand, keep, with_version
from automl_on_ray.trainables.recommendation import movielens
from automl_on_ray.trainables.recommendation.reading import Log, compact, log_of
from automl_on_ray.trainables.recommendation.seen import Seen
from automl_on_ray.trainables.recommendation.splits import (
    MOST_FOLDS,
    SPLITS,
    TIME,
    in_order,
    parts_by_user,
    parts_in_time,
)
from automl_on_ray.trainables.tables.columns import (
    content_of,
    json_bytes,
    read,
    read_frame,
    said_of,
    sign,
    usual_columns,
)

LAYOUT = 2  # one more whenever the same file comes to be read in another way
FOLDS = 3
NEEDED = {"user": "the users", "item": "the items"}
RATINGS = ("rating", "ratings", "stars")  # a column that is called so is told of, and not taken
FEW_USERS = 200  # below it, differences between recommenders are mostly chance
LEAKY = "leave-last-out: of each user the last item; models know what others did after it"


class EventKeywords(TypedDict, total=False):
    """Keywords of a trainable's `setup` that say which events it takes, as `load_events` reads.

    `dataset` is "movielens-100k", a path or URI of a CSV, Parquet or Arrow file, or what
    `give_events` returns; `frame` is then the frame itself. `user`, `item`, `time` and `rating` are
    columns. `split` is "time" or "leave-last-out". Users and items with fewer than `core` events
    are left out, again and again until none is. `subset` takes so many users, drawn by `seed`,
    which also orders events of one time; data of another `digest` are refused.
    """

    dataset: Required[str]
    user: str | None
    item: str | None
    time: str | None
    rating: str | None
    split: str
    folds: int
    core: int | None
    seed: int
    subset: int | None
    digest: str | None
    frame: Any


@dataclass(frozen=True)
class Events:
    """All events, in order of time, each in a part: 0 is the test part, 1 is held in fold 0, ...

    `parts` is (n,) int8; the greatest number is of what comes before all. `timed` says whether
    there are times. `digest` is the SHA-256 of ids, times, ratings and of what the test part is.
    `remarks` are what the user should know, one line each. `by_name` has the columns that were not
    asked for, but are called as is usual.
    """

    name: str
    digest: str
    split: str
    user_ids: tuple[str, ...] = field(repr=False)
    item_ids: tuple[str, ...] = field(repr=False)
    folds: int
    everything: Seen = field(repr=False)
    parts: np.ndarray = field(repr=False)
    timed: bool = True
    remarks: tuple[str, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)
    by_name: Mapping[str, str] = field(default_factory=dict)

    def column(self, role: str) -> str:
        """Of "user" or "item"."""
        return str(self.asked.get(role) or self.by_name.get(role) or role)

    def seen(self, fold: int | None) -> Seen:
        """What comes before a fold's held part, or before the test part (None)."""
        before, every = self.parts > _part(fold), self.everything
        return replace(
            every,
            users=every.users[before],
            items=every.items[before],
            times=every.times[before],
            values=None if every.values is None else every.values[before],
        )

    def held(self, fold: int | None) -> tuple[np.ndarray, sparse.csr_matrix]:
        """Users asked (n,), and the items (n, items) they came to that they had not seen before.

        Asked are those with events both before the part and in it.
        """
        part, every = _part(fold), self.everything
        before = np.bincount(every.users[self.parts > part], minlength=every.user_count) > 0
        chosen = (self.parts == part) & before[every.users]
        users, rows = np.unique(every.users[chosen], return_inverse=True)
        ones = np.ones(len(rows), np.float32)
        shape = (len(users), every.item_count)
        return users, sparse.csr_matrix((ones, (rows, every.items[chosen])), shape=shape)

    def facts(self) -> dict[str, Any]:
        """What a person wants to know of it; JSON."""
        every = self.everything
        parts = {"test": None, **{f"fold {i}": i for i in range(self.folds)}}
        return {
            "events": len(every.users),
            "users": every.user_count,
            "items": every.item_count,
            "split": self._split_in_words(),
            "filter": _core_in_words(self.asked),
            "folds": self.folds,
            "held": {name: self._held_in_words(fold) for name, fold in parts.items()},
            "density": round(len(every.users) / every.user_count / every.item_count, 6),
            "digest": self.digest[:12],
        }

    def keywords(self) -> dict[str, Any]:
        """Of a trial's `setup`: they hold all trials to exactly these data."""
        return {**self.asked, "digest": self.digest}

    def _split_in_words(self) -> str:
        if self.split != TIME:
            return LEAKY
        cut = float(self.everything.times[self.parts == 0][0])
        return f"by time: the test part is what comes from {_time_in_words(cut)} on"

    def _held_in_words(self, fold: int | None) -> str:
        users, held = self.held(fold)
        seen = np.unique(self.seen(fold).items)
        new = 1 - np.isin(held.indices, seen).mean() if held.nnz else 0.0
        return f"{len(users)} users asked for {held.nnz} items, {new:.1%} of them seen by nobody"


def _part(fold: int | None) -> int:
    return 0 if fold is None else fold + 1


def _time_in_words(time: float) -> str:
    """Seconds of our days as a date; other numbers as they are."""
    if 1e8 < time < 1e10:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{time:g}"


def _core_in_words(asked: Mapping[str, Any]) -> str:
    core = asked.get("core") or 0
    return f"users and items with {core} events at least, of all parts" if core > 1 else "none"


def give_events(frame: Any) -> str:
    """The `dataset` that stands for a frame of this program: the same for the same content."""
    return give(frame, f"events {_given(frame).digest[:12]}")


def load_events(asked: EventKeywords) -> Events:
    """The events of that name, path, URI or frame, parted.

    The process keeps what it loaded, and the node's cache what it made of a file or frame. Raises
    UserError, one line, for whatever its user can mend.
    """
    source, frame = asked["dataset"], asked.get("frame")
    if frame is None and ":" in source and not is_uri(source) and not Path(source).exists():
        frame = load_object(source, kind="table of events")
    named = frame is None and source == movielens.NAME
    if frame is None and not named:
        source = with_version(source) if is_uri(source) else str(Path(source).absolute())
    words = _words(asked, source, named)
    if frame is not None:
        given = _given(frame)
        events = _load(json.dumps(words), given, None, given.digest)
    elif named:
        events = _load(json.dumps(words), None, None, movielens.NAME)
    else:
        with at_hand(source) as path:
            events = _load(json.dumps(words), None, path, sign(path))
    digest = asked.get("digest")
    if digest is not None and events.digest != digest:
        raise UserError(
            f"The events {events.name} are not those that the study began with (digest "
            f"{events.digest[:12]} instead of {digest[:12]}): they have been changed since, or are "
            "others on this node."
        )
    return events


def _words(asked: EventKeywords, source: str, named: bool) -> EventKeywords:
    usual: Mapping[str, Any] = movielens.USUAL if named else {}
    core = asked.get("core")
    words = EventKeywords(
        dataset=source,
        user=asked.get("user") or usual.get("user"),
        item=asked.get("item") or usual.get("item"),
        time=asked.get("time") or usual.get("time"),
        rating=asked.get("rating"), split=asked.get("split") or TIME,
        folds=asked.get("folds") or FOLDS, core=usual.get("core", 0) if core is None else core,
        seed=asked.get("seed") or 0, subset=asked.get("subset"),
    )  # fmt: skip
    check_choice("split", words["split"], SPLITS)
    if not 1 <= words["folds"] <= MOST_FOLDS:
        raise UserError(f"Folds must be 1 to {MOST_FOLDS}, but are {words['folds']}.")
    return words


@dataclass(frozen=True)
class _Given:
    """A frame of a Python program, known by its content."""

    digest: str
    frame: pd.DataFrame = field(compare=False, repr=False)


def _given(frame: Any) -> _Given:
    frame = read_frame(frame, "The table of events")
    return _Given(content_of(frame), frame)


@lru_cache(maxsize=4)
def _load(words: str, given: _Given | None, path: Path | None, state: str) -> Events:
    asked: EventKeywords = json.loads(words)
    name = "events" if given else Path(asked["dataset"].partition("#")[0]).stem
    identity = hashlib.sha256(f"{words}\0{state}".encode()).hexdigest()[:16]
    kept = keep(f"events-{LAYOUT}-{identity}", lambda: _made(asked, given, path))
    told = json.loads(kept["told"].tobytes())
    everything = Seen(
        kept["users"], kept["items"], kept["times"], kept.get("values"),
        len(told["user_ids"]), len(told["item_ids"]),
    )  # fmt: skip
    return Events(
        name=name,
        digest=told["digest"],
        split=asked["split"],
        user_ids=tuple(told["user_ids"]),
        item_ids=tuple(told["item_ids"]),
        folds=asked["folds"],
        everything=everything,
        parts=kept["parts"],
        timed=told["timed"],
        remarks=tuple(told["remarks"]),
        asked={**asked, "frame": given.frame} if given else asked,
        by_name=told["by_name"],
    )


def _made(asked: EventKeywords, given: _Given | None, path: Path | None) -> Kept:
    """What the cache keeps of it."""
    remarks: list[str] = []
    if given is not None:
        raw = given.frame
    elif path is None:
        raw = movielens.read_movielens()
    else:
        raw, remarks = read(path)
    found = usual_columns(list(raw), asked, NEEDED, ["time"])
    asked = {**asked, **found}  # type: ignore[typeddict-item]
    remarks = [*remarks, *said_of(found), *_unheeded(list(raw), asked)]
    log = log_of(raw, asked)
    log = _sorted(_filtered(_drawn(log, asked), asked), asked["seed"])
    parts = _parts(log, asked)
    times = np.arange(len(log.users), dtype=np.float64) if log.times is None else log.times
    told = {
        "user_ids": log.user_ids, "item_ids": log.item_ids, "digest": _digest(log, parts == 0),
        "timed": log.times is not None, "by_name": found,
        "remarks": [*remarks, *log.remarks, *_remarks(log, parts, asked)],
    }  # fmt: skip
    return {
        "users": log.users,
        "items": log.items,
        "times": times,
        "parts": parts,
        "told": np.frombuffer(json_bytes(told), np.uint8),
        **({} if log.values is None else {"values": log.values}),
    }


def _unheeded(columns: list[str], asked: EventKeywords) -> list[str]:
    """Ratings change what models learn, so nobody has them unasked."""
    if asked["rating"] or asked["dataset"] == movielens.NAME:
        return []
    return [
        f"Column {name!r} is not heeded; --rating {name} would be."
        for name in columns if name.lower() in RATINGS
    ]  # fmt: skip


def _digest(log: Log, tested: np.ndarray) -> str:
    """Whatever the order of events of one time is, and the folds. Another test part is another."""
    order = np.lexsort((log.items, log.users))
    total = hashlib.sha256(json.dumps([log.user_ids, log.item_ids]).encode())
    for array in (log.users, log.items, log.times, log.values, tested):
        total.update(b"-" if array is None else np.ascontiguousarray(array[order]).tobytes())
    return total.hexdigest()


def _drawn(log: Log, asked: EventKeywords) -> Log:
    """The events of `subset` users."""
    count, subset = len(log.user_ids), asked["subset"]
    if subset is None or subset >= count:
        return log
    drawn = np.random.default_rng(asked["seed"]).choice(count, subset, replace=False)
    return compact(log, np.flatnonzero(np.isin(log.users, drawn)))


def _filtered(log: Log, asked: EventKeywords) -> Log:
    """Until each user and item has `core` events."""
    core = asked["core"] or 0
    while core > 1:
        users, items = np.bincount(log.users), np.bincount(log.items)
        kept = (users[log.users] >= core) & (items[log.items] >= core)
        if kept.all():
            break
        if not kept.any():
            raise UserError(
                f"No user and item are left that have {core} events each: give a lower --core."
            )
        log = compact(log, np.flatnonzero(kept))
    for count, what in ((len(log.user_ids), "user"), (len(log.item_ids), "item")):
        if count < 2:
            raise UserError(
                f"There is one {what} only, {getattr(log, f'{what}_ids')[0]!r}: recommending is "
                "for several users and items."
            )
    return log


def _sorted(log: Log, seed: int) -> Log:
    return compact(log, in_order(log.times, len(log.users), seed))


def _parts(log: Log, asked: EventKeywords) -> np.ndarray:
    """UserError where a part asks nobody."""
    if asked["split"] == TIME:
        if log.times is None:
            raise UserError(
                "A split by time needs the time of each event: name its column with --time. Or "
                "give --split leave-last-out, which takes events to be in order of time."
            )
        parts = parts_in_time(log.times, asked["folds"])
    else:
        parts = parts_by_user(log.users, asked["folds"])
    for part in range(asked["folds"] + 1):
        before, name = parts > part, f"fold {part - 1}" if part else "the test part"
        held = (parts == part) & np.isin(log.users, log.users[before])
        if not held.any():
            raise UserError(
                f"No user has events both before {name} and in it, so nobody can be asked: give "
                "fewer folds, or --split leave-last-out."
            )
        if not np.isin(log.items[held], log.items[before]).any():
            raise UserError(
                f"No item that {name} asks for has an event before it, so nothing is to be "
                "learned of any: give fewer folds, or an --item whose items come again."
            )
    return parts


def _remarks(log: Log, parts: np.ndarray, asked: EventKeywords) -> list[str]:
    told = []
    once = int((np.bincount(log.items) == 1).sum())
    if once:
        told.append(
            f"{once} of {len(log.item_ids)} items have one event only, so nothing is learned of "
            "them or they are never asked for; --core 2 leaves them out."
        )
    tested = np.unique(log.users[parts == 0])
    asked_of = np.intersect1d(tested, log.users[parts > 0])
    if new := len(tested) - len(asked_of):
        told.append(f"{new} users have events in the test part only: they are not asked.")
    if len(asked_of) < FEW_USERS:
        told.append(
            f"The test part asks {len(asked_of)} users only: small differences between "
            "recommenders are chance."
        )
    if log.times is None:
        told.append("There are no times: rows are taken to be in order of time.")
    return told
