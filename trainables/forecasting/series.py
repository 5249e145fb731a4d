"""Series as they were read, before they are parted; and how the node's cache keeps them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from automl_on_ray.trainables.datasets import Kept

TOLD = ("ids", "frequency", "known_names", "past_names", "time_format", "decimal_comma",
        "remarks", "by_name")  # fmt: skip


@dataclass(frozen=True)
class Series:
    """As the fields of `Panel` of these names; `values` have NaN where nothing is known.

    `time_format` says how texts of the time are read that could be read in two ways;
    `decimal_comma` are the columns whose texts have numbers such as 1.234,5. `by_name` has the
    columns that were not asked for, but are called as is usual, by "time", "series" and "target".
    """

    ids: tuple[str, ...]
    frequency: str | None
    values: tuple[np.ndarray, ...]
    starts: np.ndarray
    known: tuple[np.ndarray, ...]
    past: tuple[np.ndarray, ...]
    known_names: tuple[str, ...] = ()
    past_names: tuple[str, ...] = ()
    time_format: str = ""
    decimal_comma: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    by_name: Mapping[str, str] = field(default_factory=dict)


def packed(series: Series) -> Kept:
    """What the cache keeps of it."""
    told = {name: getattr(series, name) for name in TOLD}
    return {
        "values": np.concatenate(series.values),
        "known": np.concatenate(series.known),
        "past": np.concatenate(series.past),
        "lengths": np.array([len(values) for values in series.values]),
        "starts": series.starts.view(np.int64),
        "dated": np.array([series.starts.dtype.kind == "M"]),
        "told": np.frombuffer(json.dumps(told).encode(), np.uint8),
    }


def unpacked(kept: Kept) -> Series:
    told = json.loads(kept["told"].tobytes())
    ends = np.cumsum(kept["lengths"])[:-1]
    dated = bool(kept["dated"][0])
    others: dict[str, Any] = {
        key: tuple(each) if isinstance(each, list) else each for key, each in told.items()
    }
    return Series(
        values=_split(kept["values"], ends),
        known=_split(kept["known"], ends),
        past=_split(kept["past"], ends),
        starts=kept["starts"].view("datetime64[ns]") if dated else kept["starts"],
        **others,
    )


def _split(flat: np.ndarray, ends: Sequence[int] | np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.split(np.asarray(flat), ends))
