"""What is to be predicted: classes or numbers, and for which rows it is known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces.core import UserError, check_choice
from automl_on_ray.trainables.tables import conform
from automl_on_ray.trainables.tables.columns.column_kinds import column_of, foreign
from automl_on_ray.trainables.tables.conform import CATEGORY, DATE
from automl_on_ray.trainables.tables.metrics import BINARY, METRICS, MULTICLASS, REGRESSION

MOST_CLASSES = 20  # so many different whole numbers may be classes where no task is given
LEAST, LARGEST = 1e-30, 1e30  # of a regression's range: some models reckon in 32 bits


@dataclass(frozen=True)
class Target:
    """`answers` (rows,) of the rows where `known` (n,): codes of `classes`, or numbers."""

    task: str
    classes: tuple[str, ...]
    answers: np.ndarray
    known: np.ndarray


def target_of(raw: pd.Series, task: str | None) -> Target:
    """The target in column `raw`; UserError if it cannot be learned, or not as `task`.

    Classes are in alphabetical order, and in numerical order where they are numbers.
    """
    if task is not None:
        check_choice("task", task, METRICS)
    name = f"The target {raw.name!r}"
    if reason := foreign(raw):
        raise UserError(f"{name} cannot be predicted: {reason}.")
    if pd.api.types.is_timedelta64_dtype(raw.dtype):
        raise UserError(f"{name} holds durations; give a number, such as their seconds.")
    codes, texts = conform.texts_of(raw)
    known = codes >= 0
    if not known.any():
        raise UserError(f"{name} is missing in all rows.")
    codes = codes[known]
    values = _numbers(raw, texts, name)
    if len(texts) == 1:
        raise UserError(f"{name} is {texts[0]!r} in all rows, so there is nothing to learn.")
    found = task or _task(values, len(texts))
    if values is None and task in (None, REGRESSION):
        _check_no_dates(raw, name)
    if found == REGRESSION:
        if values is None:
            odd = texts[np.isnan(conform.numbers_of_texts(texts))][0]
            raise UserError(f"{name} cannot be a regression's: {odd!r} is no number.")
        _check_range(values, name)
        return Target(found, (), values[codes], known)
    if values is not None:
        order = np.argsort(values, kind="stable")
        codes, texts = np.argsort(order)[codes], texts[order]
    _check_classes(name, found, codes, texts)
    return Target(found, tuple(texts.tolist()), codes.astype(np.int64), known)


def _numbers(raw: pd.Series, texts: np.ndarray, name: str) -> np.ndarray | None:
    """Of each text; None if some are no numbers. UserError if some are infinite."""
    if isinstance(raw.dtype, pd.CategoricalDtype):
        return None
    values = conform.numbers_of_texts(texts)
    if np.isnan(values).any():
        values = conform.numbers_of_texts(texts, conform.DECIMAL_COMMA)
    if np.isnan(values).any():
        return None
    if np.isinf(values).any():
        raise UserError(f"{name} is infinite in some rows; leave them out, or give them a number.")
    return values


def _task(values: np.ndarray | None, distinct: int) -> str:
    if values is not None and ((values % 1 != 0).any() or distinct > MOST_CLASSES):
        return REGRESSION
    return BINARY if distinct == 2 else MULTICLASS


def _check_no_dates(raw: pd.Series, name: str) -> None:
    if column_of(raw, ordered=True).kind == DATE:
        raise UserError(
            f"{name} holds dates; give a number, such as the days until then, or --task multiclass "
            "if they are classes."
        )


def _check_range(values: np.ndarray, name: str) -> None:
    low, high = values.min(), values.max()
    if not LEAST < high / 2 - low / 2 < LARGEST:
        raise UserError(
            f"{name} goes from {low:g} to {high:g}, which is too little or too much for a model; "
            "give it in another unit, or less what all rows have."
        )


def _check_classes(name: str, task: str, codes: np.ndarray, texts: np.ndarray) -> None:
    if task == BINARY and len(texts) != 2:
        raise UserError(f"{name} has {len(texts)} classes; binary is for 2, multiclass for more.")
    if task == MULTICLASS and len(texts) == 2:
        raise UserError(f"{name} has 2 classes; give --task binary.")
    counts = np.bincount(codes, minlength=len(texts))
    single = texts[counts == 1]
    if len(single):
        told = ", ".join(repr(text) for text in single[:3])
        raise UserError(
            f"{name} has {len(single)} of {len(texts)} classes with one row only, such as {told}: "
            "it can be learned or tested, not both. Leave these rows out or join classes."
        )


def times_of(raw: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (n,) that order the rows in time, and where they are known; UserError for others."""
    column = column_of(raw, ordered=True)
    if column.left_out:
        raise UserError(f"The time {raw.name!r} cannot order the rows: {column.left_out}.")
    if column.kind == CATEGORY:
        odd = column.values.categories[0]
        raise UserError(f"The time {raw.name!r} must hold dates or numbers, but holds {odd!r}.")
    if column.written == conform.CLOCK:
        raise UserError(f"The time {raw.name!r} holds times of the day without a date.")
    if column.kind == DATE:
        known = ~np.isnat(column.values)
        return column.values.view(np.int64), known
    return column.values, ~np.isnan(column.values)
