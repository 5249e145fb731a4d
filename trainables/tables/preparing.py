"""From a frame as it came to columns with kinds, answers, parts, and remarks."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces.core import UserError, near_miss
from automl_on_ray.trainables.tables.checks import (
    is_target_again,
    remarks_on_copies,
    remarks_on_leaks,
)
from automl_on_ray.trainables.tables.columns import (
    Column,
    Target,
    column_of,
    foreign,
    json_bytes,
    target_of,
    times_of,
)
from automl_on_ray.trainables.tables.conform import CATEGORY, DATE
from automl_on_ray.trainables.tables.metrics import REGRESSION
from automl_on_ray.trainables.tables.splits import Rows, Split, split

SHOWN = 12  # columns that a message lists


@dataclass(frozen=True)
class Prepared:
    """`columns`, `target.answers` and `groups` (n,) of the rows that can be used.

    `split` parts them. Groups are codes, if there is a column of such.
    """

    target: Target
    columns: dict[str, Any]
    kinds: Mapping[str, str]
    left_out: Mapping[str, str]
    formats: Mapping[str, str]
    groups: np.ndarray | None
    split: Split
    digest: str
    remarks: tuple[str, ...]


def prepare(raw: pd.DataFrame, asked: Mapping[str, Any]) -> Prepared:
    """What can be learned from; `raw` is emptied meanwhile. UserError for what cannot."""
    roles = {
        word: asked[word] for word in ("target", "time", "group") if asked.get(word) is not None
    }
    _check_names([str(name) for name in raw.columns], roles)
    target, rows, remarks = _rows(raw, roles, asked.get("task"))
    columns, left_out = _columns(raw, target, roles)
    if not columns:
        told = "; ".join(f"{name!r}: {why}" for name, why in list(left_out.items())[:3])
        raise UserError(f"There is no column to learn from ({told or 'only the target'}).")
    parts = split(rows, folds=asked["folds"], seed=asked["seed"], subset=asked.get("subset"))
    values = {name: column.values for name, column in columns.items()}
    remarks += [f"Column {name!r}: {column.remark}." for name, column in columns.items()
                if column.remark]  # fmt: skip
    remarks += _on_split(rows, parts, columns, roles)
    remarks += _on_classes(target, parts)
    remarks += remarks_on_copies(values, target.answers, parts.train, parts.test)
    remarks += remarks_on_leaks(values, target.task, target.answers, parts.train, asked["seed"])
    return Prepared(
        target=target,
        columns=values,
        kinds={name: column.kind for name, column in columns.items()},
        left_out=left_out,
        formats={name: column.written for name, column in columns.items() if column.written},
        groups=rows.groups,
        split=parts,
        digest=_digest(columns, target, parts.test),
        remarks=tuple(remarks),
    )


def _check_names(columns: Sequence[str], roles: Mapping[str, str]) -> None:
    for word, name in roles.items():
        if name not in columns:
            more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
            raise UserError(
                f"The table has no column {name!r} for the {word}.{near_miss(name, columns)} "
                f"It has {', '.join(columns[:SHOWN])}{more}."
            )
        if list(roles.values()).count(name) > 1:
            raise UserError(f"Column {name!r} cannot be the {word} and something else too.")


def _rows(
    raw: pd.DataFrame, roles: Mapping[str, str], task: str | None
) -> tuple[Target, Rows, list[str]]:
    """The target and what the split needs, of the rows that have a target and a time."""
    column = raw.pop(roles["target"])
    target = target_of(column, task)
    remarks = _on_absent(target.known, f"target {roles['target']!r}")
    times = groups = None
    if "time" in roles:
        times, timed = times_of(raw[roles["time"]])
        remarks += _on_absent(timed, f"time {roles['time']!r}")
        target = target_of(column.where(timed), target.task)
        times = times[target.known]
        if (np.diff(times) < 0).any():
            remarks.append(
                f"The rows are not in order of {roles['time']!r}; they were put into it."
            )
    if "group" in roles:
        groups = raw.pop(roles["group"])
        if reason := foreign(groups):
            raise UserError(f"The group {roles['group']!r} cannot part the rows: {reason}.")
        if groups[target.known].isna().any():
            remarks.append(f"Rows without {roles['group']!r} are taken as one group.")
        groups = pd.factorize(groups[target.known], use_na_sentinel=False)[0]
    labels = None if target.task == REGRESSION else target.answers
    return target, Rows(len(target.answers), labels, times, groups), remarks


def _on_absent(there: np.ndarray, what: str) -> list[str]:
    absent = int((~there).sum())
    return [f"{absent} rows without the {what} are left out."] if absent else []


def _columns(
    raw: pd.DataFrame, target: Target, roles: Mapping[str, str]
) -> tuple[dict[str, Column], dict[str, str]]:
    """Those to learn from, and why others are left out; memory is freed one by one."""
    columns, left_out = {}, {}
    for name in list(raw.columns):
        values = raw.pop(name)
        values = values if target.known.all() else values[target.known]
        column = column_of(values, ordered=name == roles.get("time"))
        if column.left_out:
            left_out[name] = column.left_out
        elif is_target_again(column.values, target.task, target.answers):
            left_out[name] = "it is the target under another name"
        else:
            columns[name] = column
    if "group" in roles:
        left_out[roles["group"]] = "it is the group, of which new rows have other values"
    return columns, left_out


def _on_split(
    rows: Rows, parts: Split, columns: Mapping[str, Column], roles: Mapping[str, str]
) -> list[str]:
    dates = [name for name, column in columns.items() if column.kind == DATE]
    if dates and "time" not in roles:
        return [
            f"Column {dates[0]!r} holds dates, but rows are parted at random: to predict later "
            f"rows from earlier ones, give --time {dates[0]}."
        ]
    if "time" in roles and "group" in roles:
        unused = rows.count - len(parts.train) - len(parts.test)
        return [
            f"{unused} rows are in neither train nor test, as test rows are both later and of "
            "other groups; give no --group if the groups of new rows are known."
        ]
    return []


def _on_classes(target: Target, parts: Split) -> list[str]:
    """What may go wrong with classes of few rows."""
    if not target.classes:
        return []
    counts = np.bincount(target.answers, minlength=len(target.classes))
    few = [f"{name!r} ({count})" for name, count in zip(target.classes, counts, strict=True)
           if count <= len(parts.folds)]  # fmt: skip
    more = f" and {len(few) - SHOWN} more" if len(few) > SHOWN else ""
    said = [f"There are few rows of the classes {', '.join(few[:SHOWN])}{more}."] if few else []
    absent = np.setdiff1d(np.arange(len(target.classes)), target.answers[parts.test])
    if len(absent):
        told = ", ".join(repr(target.classes[i]) for i in absent[:3])
        said.append(f"The test part has no row of {len(absent)} classes, such as {told}.")
    return said


def _digest(columns: Mapping[str, Column], target: Target, test: np.ndarray) -> str:
    """SHA-256 over names, values and which rows are tested on."""
    total = hashlib.sha256(json_bytes([target.task, target.classes]))
    for name, column in columns.items():
        values = column.values
        total.update(json_bytes([name, column.kind]))
        if column.kind == CATEGORY:
            total.update(json_bytes(list(values.categories)))
            values = values.codes
        total.update(np.ascontiguousarray(values).view(np.uint8).data)
    for array in (target.answers, test):
        total.update(np.ascontiguousarray(array).view(np.uint8).data)
    return total.hexdigest()
