"""Events of users and items: read, checked, put in order of time and parted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Required, TypedDict

import numpy as np
from scipy import sparse

FOLDS = 3


class EventKeywords(TypedDict, total=False):
    """Keywords of a trainable's `setup` that say which events it takes, as `load_events` reads.

    `dataset` is "movielens-100k", a path or URI of a CSV, Parquet or Arrow file, or what
    `give_events` returns; `frame` is then the frame itself. `user`, `item`, `time` and `rating` are
    columns. `split` is "time" or "leave-last-out". Users and items with fewer than `core` events
    are left out. `subset` takes so many users, drawn by `seed`; data of another `digest` are
    refused.
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
class Seen:
    """What a recommender learns from, or is asked with: events in order of time.

    `users` and `items` are codes (n,) below `user_count` and `item_count`, each pair once. `times`
    (n,) are float64 seconds, or positions where there is no time. `values` are ratings, or None.
    """

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    values: np.ndarray | None
    user_count: int
    item_count: int

    def matrix(self) -> sparse.csr_matrix:
        """(users, items) float32, 1 where there is an event."""
        ones = np.ones(len(self.users), np.float32)
        shape = (self.user_count, self.item_count)
        return sparse.csr_matrix((ones, (self.users, self.items)), shape=shape)


@dataclass(frozen=True)
class Events:
    """All events, in order of time, each in a part: 0 is the test part, 1 is held in fold 0, ...

    `remarks` are what the user should know, one line each.
    """

    name: str
    digest: str
    split: str
    user_ids: tuple[str, ...] = field(repr=False)
    item_ids: tuple[str, ...] = field(repr=False)
    folds: int
    everything: Seen = field(repr=False)
    parts: np.ndarray = field(repr=False)
    remarks: tuple[str, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)

    def seen(self, fold: int | None) -> Seen:
        """What comes before a fold's held part, or before the test part (None)."""
        raise NotImplementedError

    def held(self, fold: int | None) -> tuple[np.ndarray, sparse.csr_matrix]:
        """Users asked (n,), and the items (n, items) they came to that they had not seen before.

        Asked are those with events both before the part and in it.
        """
        raise NotImplementedError

    def facts(self) -> dict[str, Any]:
        """What a person wants to know of it; JSON."""
        raise NotImplementedError

    def keywords(self) -> dict[str, Any]:
        """Of a trial's `setup`: they hold all trials to exactly these data."""
        return {**self.asked, "digest": self.digest}


def give_events(frame: Any) -> str:
    """The `dataset` that stands for a frame of this program: the same for the same content."""
    raise NotImplementedError


def load_events(asked: EventKeywords) -> Events:
    """The events of that name, path, URI or frame, parted.

    Raises UserError, one line, for whatever its user can mend.
    """
    raise NotImplementedError
