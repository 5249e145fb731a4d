"""Columns as plain arrays and back: what the node's cache keeps, and processes map."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.trainables.tables.conform import CATEGORY, DATE, NUMBER, as_frame

TYPES = {NUMBER: "<f8", DATE: "<i8", CATEGORY: "<i4"}


def pack(
    columns: dict[str, Any], kinds: Mapping[str, str], parts: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """For each part of the rows and each kind an array (columns, rows), in the order of `kinds`.

    Each is called PART_KIND. `columns` is emptied meanwhile, so no two copies of all are there.
    """
    arrays: dict[str, np.ndarray] = {}
    for kind, plain in TYPES.items():
        names = [name for name, each in kinds.items() if each == kind]
        own = {part: np.empty((len(names), len(rows)), plain) for part, rows in parts.items()}
        for i, name in enumerate(names):
            values = columns.pop(name)
            for part, rows in parts.items():
                own[part][i] = (values.codes if kind == CATEGORY else values.view(plain))[rows]
        arrays |= {f"{part}_{kind}": array for part, array in own.items()}
    return arrays


def unpack(
    arrays: Mapping[str, np.ndarray], kinds: Mapping[str, str], texts: Mapping[str, list[str]]
) -> pd.DataFrame:
    """The frame of it: numbers and dates in the same memory; of categories, their `texts`."""
    rows = {kind: iter(arrays[kind]) for kind in TYPES}
    columns = {}
    for name, kind in kinds.items():
        values = next(rows[kind])
        if kind == CATEGORY:
            values = np.array([*texts[name], np.nan], object)[values]
        elif kind == DATE:
            values = values.view("datetime64[ns]")
        columns[name] = values
    return as_frame(columns)


def json_bytes(words: Any) -> bytes:
    return json.dumps(words).encode()
