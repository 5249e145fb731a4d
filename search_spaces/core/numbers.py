"""What counts as a number in a report: for searchers, schedulers, terminal and MLflow alike."""

import math
from typing import Any

import numpy as np


def as_number(value: Any) -> float | None:
    """A reported value as a float; None for what is no number, and so no report of a metric.

    ========================================================  ====================================
    int, float, Decimal, Fraction, numpy's scalars            the nearest float
    an integer beyond a float's range (10**400)               infinity, with its sign
    NaN and infinities                                        themselves: the trial has diverged
    tensors and arrays of one element, whatever their shape,  that element
    type and device (torch, numpy, jax, pandas, ...)
    objects with `__float__` (TensorFlow's, SymPy's)          what it gives
    booleans, numpy's and torch's too                         None: a flag measures nothing
    text (also "0.9"), bytes, dates, None                     None
    complex numbers                                           None: they have no order
    lists, dicts, arrays of no or of several elements         None: which one is meant is not said
    ========================================================  ====================================

    What the value itself raises when it is read, such as an error of a GPU, is raised.
    """
    if type(value) is float:
        return value
    if value is None or isinstance(value, bool | str | bytes | complex):
        return None
    if getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M"):  # a date or a duration
        return None
    if not isinstance(value, int | float) and callable(getattr(value, "item", None)):
        element = _element(value)
        if type(element) is not type(value):  # numpy's longdouble is its own element
            return as_number(element)
    return _as_float(value)


def finite(value: Any) -> float | None:
    """`as_number` of a value, if that is finite; else None."""
    number = as_number(value)
    return number if number is not None and math.isfinite(number) else None


def last_reported(trial: Any, metric: str) -> float | None:
    """The value of a trial of Tune's: the last number that it reported as `metric`.

    NaN or an infinity if that was the last; None if there was none. Reports without it are passed
    over: a trial may be evaluated every few epochs.
    """
    return as_number(trial.run_metadata.metric_analysis.get(metric, {}).get("last"))


def _element(value: Any) -> Any:
    """None if there is not exactly one, or if it is masked."""
    try:
        if math.prod(getattr(value, "shape", ())) != 1 or np.ma.is_masked(value):
            return None
        return value.item()
    except (TypeError, ValueError):
        return None


def _as_float(value: Any) -> float | None:
    if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        return None
