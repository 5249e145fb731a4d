"""Turns a trial's reports into plain values before they leave its process.

The driver may have no GPU to read a tensor with, nor the library that an object is of; Ray ends
the whole study where it cannot read a report, or compare two numbers in it.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from ray import tune

from automl_on_ray.search_spaces.core import as_number

MAX_TEXT_CHARACTERS = 200  # of an object told as text


def reporting_plainly(klass: type[tune.Trainable]) -> type[tune.Trainable]:
    """`klass`, whose reports hold nothing but what every process can read."""

    class Plain(klass):  # type: ignore[misc, valid-type]
        def train(self) -> dict[str, Any]:
            return plain(super().train())

    Plain.__name__, Plain.__qualname__ = klass.__name__, klass.__qualname__
    Plain.__doc__ = klass.__doc__
    return Plain


def plain(report: Mapping[Any, Any]) -> dict[str, Any]:
    """A report whose keys are text and whose numbers are Python's, in nested dicts and lists too.

    Arrays and tensors are arrays of numpy's; other objects become text. The config in it is the
    driver's own and stays as it is.
    """
    return {str(key): value if key == "config" else _plain(value) for key, value in report.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | bytes):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    number = as_number(value)
    if number is None:
        return _no_number(value)
    whole = isinstance(value, int) and math.isfinite(number)
    return int(value) if whole else number


def _no_number(value: Any) -> Any:
    try:
        if hasattr(value, "detach"):  # a tensor
            value = value.detach().cpu().numpy()
        if hasattr(value, "dtype") and hasattr(value, "__array__") and not np.ma.isMA(value):
            array = np.asarray(value)
            if array.size == 1 and array.dtype.kind == "b":
                return bool(array.item())
            if array.dtype.kind in "biufSUmM":
                return array
    except (TypeError, ValueError, RuntimeError):
        pass  # numpy has not all types
    return repr(value)[:MAX_TEXT_CHARACTERS]
