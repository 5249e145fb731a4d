"""Series that a Python program gives: a frame as a file has it, or a pair of arrays."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces.core import UserError, give
from automl_on_ray.trainables.series_classes.own_files import read_table, words_of
from automl_on_ray.trainables.series_classes.ts_files import Labelled
from automl_on_ray.trainables.tables.columns import content_of, read_frame

NAME = "The table of series"


@dataclass(frozen=True)
class Given:
    """Known by its content: a frame, or else a list of arrays x and an array y."""

    digest: str
    data: Any = field(compare=False, repr=False)


def give_series(data: Any) -> str:
    """The `dataset` that stands for data of this program: the same for the same content.

    A frame of pandas or polars, or a pair: x (n, channels, length) or (n, length), or a list of
    arrays (channels, own length); and y (n,). UserError for anything else.
    """
    return give(data, f"series {given_of(data).digest[:12]}")


def given_of(data: Any) -> Given:
    if not isinstance(data, tuple | list):
        frame = read_frame(data, NAME)
        return Given(content_of(frame), frame)
    if len(data) != 2:
        raise UserError(f"{NAME} may be a pair (x, y), but there are {len(data)} parts.")
    series = [_array(one) for one in data[0]]
    labels = np.asarray(data[1])
    if labels.ndim != 1 or len(labels) != len(series):
        raise UserError(f"For {len(series)} series y must be ({len(series)},), not {labels.shape}.")
    total = hashlib.sha256(repr(labels.tolist()).encode())
    for one in series:
        total.update(f"{one.shape}".encode())
        total.update(np.ascontiguousarray(one).data)
    return Given(total.hexdigest(), (series, labels))


def read_given(given: Given, asked: Mapping[str, Any]) -> Labelled:
    """UserError as of a file."""
    if isinstance(given.data, pd.DataFrame):
        return read_table(given.data, asked)
    series, labels = given.data
    return Labelled(tuple(series), words_of(pd.Series(labels)))


def _array(one: Any) -> np.ndarray:
    """(channels, length) float64."""
    try:
        array = np.atleast_2d(np.asarray(one, np.float64))
    except (ValueError, TypeError) as error:
        raise UserError(f"Each series must be an array of numbers: {error}.") from error
    if array.ndim != 2:
        raise UserError(f"A series must be (channels, length), but one is {array.shape}.")
    return array
