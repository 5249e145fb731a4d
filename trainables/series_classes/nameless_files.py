"""Reads tables without names of columns, as the UCR archive has them: the class first."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes.own_files import words_of
from automl_on_ray.trainables.series_classes.ts_files import Labelled

SUFFIXES = (".tsv", ".txt", ".csv")
USUAL = "label"  # the column of labels where none is named
LEAST = 3  # columns: the class, and two points


def is_nameless(path: Path) -> bool:
    """Whether it is a text whose first line has numbers alone, parted in any usual way."""
    if path.suffix.lower() not in SUFFIXES:
        return False
    fields = _fields(_first_line(path))
    return len(fields) >= LEAST and all(map(_is_number, fields))


def read_nameless(path: Path, *, label: str) -> Labelled:
    """A row a series of one channel: the class, then its points; NaN after its end.

    A first line 0, 1, 2, ... has the numbers of columns, as pandas writes them, and no series.
    UserError for a row that does not fit, and for a `label` that is named.
    """
    if label != USUAL:
        raise UserError(
            f"{path.name} has no line with names of columns, so its first column is the class: "
            f"leave --label {label} out, or add such a line."
        )
    line = _first_line(path)
    numbered = _fields(line) == [str(place) for place in range(len(_fields(line)))]
    try:
        frame = pd.read_csv(
            path, sep=_separator(line), header=None, skiprows=int(numbered), dtype=np.float64,
            na_values=["?"], skipinitialspace=True,
        )  # fmt: skip
    except (ValueError, csv.Error) as error:
        told = " ".join(str(error).split())
        raise UserError(f"{path.name} begins with numbers, but is no table of them: {told}") from (
            error
        )
    said = f"{path.suffix[1:]} file without names of columns: its first column is the class."
    values = frame.to_numpy()
    return Labelled(tuple(values[:, None, 1:]), words_of(frame[0]), (f"A {said}",))


def _first_line(path: Path) -> str:
    """That is not empty."""
    try:
        with path.open(encoding="utf-8") as file:
            return next((line.strip() for line in file if line.strip()), "")
    except (OSError, UnicodeDecodeError):
        return ""  # the reader of tables says what is wrong


def _separator(line: str) -> str:
    return next((mark for mark in "\t;," if mark in line), r"\s+")


def _fields(line: str) -> list[str]:
    separator = _separator(line)
    return line.split() if separator == r"\s+" else [one.strip() for one in line.split(separator)]


def _is_number(text: str) -> bool:
    try:
        return bool(float(text) or True)
    except ValueError:
        return False
