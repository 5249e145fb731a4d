"""Ids of users and items as texts.

Registered models bring this file along, so it imports nothing of this project.
"""

from typing import Any

import numpy as np
import pandas as pd


def texts_of(column: pd.Series) -> list[str | None]:
    """Of each row its id, None where there is none. A whole number has no point: 7.0 is "7"."""
    codes, ids = coded(column)
    return [ids[code] if code >= 0 else None for code in codes]


def coded(column: pd.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes (n,), -1 where there is none, and the ids, sorted: as numbers where all are."""
    codes, found = pd.factorize(pd.Series(column).to_numpy(dtype=object, na_value=None))
    texts = np.array([_text(value) for value in found], dtype=object)
    ids = sorted({text for text in texts if text})
    if all(text.isdecimal() for text in ids):
        ids.sort(key=lambda text: (int(text), text))
    place: dict[Any, int] = {text: code for code, text in enumerate(ids)}
    moved = np.array([*(place.get(text, -1) for text in texts), -1], dtype=np.int64)
    return moved[codes], tuple(ids)


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()
