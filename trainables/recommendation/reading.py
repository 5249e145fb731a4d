"""Events out of a table: which columns, which rows, and what is to be said of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces.core import UserError, near_miss
from automl_on_ray.trainables.recommendation.ids import coded
from automl_on_ray.trainables.tables.columns import foreign, listed, times_of

EXACT = 2.0**53  # a float holds every whole number below


@dataclass(frozen=True)
class Log:
    """Events as they were read, each pair of user and item once, at its first time.

    `users` and `items` are codes (n,) int32 of `user_ids` and `item_ids`, sorted as numbers where
    they are. `times` (n,) float64 are seconds, or None; `values` are ratings, or None.
    """

    users: np.ndarray
    items: np.ndarray
    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    times: np.ndarray | None
    values: np.ndarray | None
    remarks: tuple[str, ...]


def log_of(frame: pd.DataFrame, asked: Mapping[str, Any]) -> Log:
    """The events of a table. UserError, one line, for what its user can mend.

    `asked` names the columns "user" and "item", perhaps "time" and "rating".
    """
    names = {
        role: _column(frame, role, asked.get(role)) for role in ("user", "item", "time", "rating")
    }
    if names["user"] == names["item"]:
        raise UserError(f"Users and items are both in the column {names['user']!r}; name two.")
    remarks: list[str] = []
    users, user_ids = _codes(frame[names["user"]])
    items, item_ids = _codes(frame[names["item"]])
    times, values = _times(frame, names["time"]), _ratings(frame, names["rating"], remarks)
    known = _known(users, items, times, values)
    if not known.any():
        raise UserError("No row has a user, an item and all else that was asked for.")
    if lost := int((~known).sum()):
        remarks.append(f"{lost} of {len(known)} rows lack a user, item, time or rating: left out.")
    once = _once(users, items, times, known)
    if again := int(known.sum()) - len(once):
        remarks.append(
            f"{again} events repeat a user and item: each pair counts once, at its first time."
        )
    return compact(
        Log(
            users[once], items[once], user_ids, item_ids,
            None if times is None else times[once], None if values is None else values[once],
            tuple(remarks),
        )
    )  # fmt: skip


def compact(log: Log, kept: np.ndarray | None = None) -> Log:
    """The events `kept`, with codes of those users and items alone that have one."""
    kept = np.arange(len(log.users)) if kept is None else kept
    users, items = log.users[kept], log.items[kept]
    used_users, users = np.unique(users, return_inverse=True)
    used_items, items = np.unique(items, return_inverse=True)
    return Log(
        users.astype(np.int32),
        items.astype(np.int32),
        tuple(log.user_ids[i] for i in used_users),
        tuple(log.item_ids[i] for i in used_items),
        None if log.times is None else log.times[kept],
        None if log.values is None else log.values[kept],
        log.remarks,
    )


def _column(frame: pd.DataFrame, role: str, asked: str | None) -> str | None:
    """The column of that role, if one was asked for."""
    if asked is not None and asked not in frame:
        raise UserError(
            f"There is no column {asked!r} for --{role}.{near_miss(asked, list(frame))} There "
            f"are: {listed(list(frame))}."
        )
    return asked


def _codes(column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    if reason := foreign(column):
        raise UserError(f"The column {column.name!r} cannot hold ids: {reason}.")
    if pd.api.types.is_float_dtype(column.dtype):
        _check_exact(column)
    return coded(column)


def _check_exact(column: pd.Series) -> None:
    values = column.to_numpy(np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise UserError(f"The column {column.name!r} holds infinite numbers; ids cannot be.")
    if (np.abs(values) >= EXACT).any():
        raise UserError(
            f"The ids in {column.name!r} are too long to be read as numbers without loss: store "
            "them as text in Parquet, or put a letter before each."
        )


def _times(frame: pd.DataFrame, name: str | None) -> np.ndarray | None:
    """(n,) float64: seconds of dates, numbers as they are; NaN where there is none."""
    if name is None:
        return None
    values, known = times_of(frame[name])
    seconds = values / 1e9 if values.dtype == np.int64 else values.astype(np.float64)
    return np.where(known, seconds, np.nan)


def _ratings(frame: pd.DataFrame, name: str | None, remarks: list[str]) -> np.ndarray | None:
    if name is None:
        return None
    column, types = frame[name], pd.api.types
    if reason := foreign(column):
        raise UserError(f"The ratings in {name!r} must be numbers: {reason}.")
    if types.is_datetime64_any_dtype(column.dtype) or types.is_timedelta64_dtype(column.dtype):
        raise UserError(f"The ratings in {name!r} must be numbers, but they are times.")
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    odd = np.isnan(values) & column.notna().to_numpy()
    if odd.any():
        raise UserError(
            f"The ratings in {name!r} must be numbers, but one is {column[odd].iloc[0]!r}."
        )
    if np.isinf(values).any():
        raise UserError(f"The ratings in {name!r} must be finite; some are infinite.")
    if (values < 0).any():
        raise UserError(
            f"The ratings in {name!r} are below 0 in some rows: they are taken as strengths of "
            "liking, so leave out what was disliked, or leave --rating away."
        )
    filled = values[~np.isnan(values)]
    if len(filled) and (filled == filled[0]).all():
        remarks.append(f"All ratings are {filled[0]:g}, which tells nothing: events count alike.")
        return None
    return values


def _known(
    users: np.ndarray, items: np.ndarray, times: np.ndarray | None, values: np.ndarray | None
) -> np.ndarray:
    known = (users >= 0) & (items >= 0)
    for column in (times, values):
        if column is not None:
            known &= np.isfinite(column)
    return known


def _once(
    users: np.ndarray, items: np.ndarray, times: np.ndarray | None, known: np.ndarray
) -> np.ndarray:
    """Positions of the first event of each pair, in the rows' order."""
    rows = np.flatnonzero(known)
    if times is not None:
        rows = rows[np.argsort(times[rows], kind="stable")]
    pairs = users[rows].astype(np.int64) * (int(items.max()) + 1) + items[rows]
    return np.sort(rows[np.unique(pairs, return_index=True)[1]])
