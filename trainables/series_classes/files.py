"""Which reader a file of series is for, by its name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes.nameless_files import is_nameless, read_nameless
from automl_on_ray.trainables.series_classes.own_files import read_npz, read_table
from automl_on_ray.trainables.series_classes.ts_files import Labelled, read_ts_file

TRAIN, TEST = "_TRAIN", "_TEST"
IN_FOLDERS = (".ts", ".tsv", ".txt")  # the first of which a folder has a training file


def read_parts(
    path: Path, asked: Mapping[str, Any], *, with_test: bool = True
) -> tuple[Labelled, Labelled | None]:
    """The series of a .ts, .npz, CSV, Parquet or Arrow file, of one of the UCR archive without
    names, or of a folder with NAME_TRAIN.ts.

    The test part is there where the file has one, or NAME_TEST stands beside NAME_TRAIN.
    """
    path = _training_file(path)
    if not path.exists():
        raise UserError(f"There are no series at {path}.")
    train, test = _read(path, asked)
    beside = test_beside(path)
    if test is None and with_test and beside != path and beside.exists():
        test, _ = _read(beside, asked)
    return train, test


def test_beside(path: Path) -> Path:
    """Where the test part of NAME_TRAIN would be; the same path for other names."""
    return path.with_name(path.name.replace(TRAIN, TEST))


def _training_file(path: Path) -> Path:
    """In a folder, the one that is named so."""
    if not path.is_dir():
        return path
    every = ([*path.glob(f"*{TRAIN}{suffix}")] for suffix in IN_FOLDERS)
    found: list[Path] = next(filter(None, every), [])
    if len(found) != 1:
        raise UserError(
            f"The folder {path} needs one file NAME{TRAIN}.ts, .tsv or .txt; it has {len(found)}."
        )
    return found[0]


def _read(path: Path, asked: Mapping[str, Any]) -> tuple[Labelled, Labelled | None]:
    if path.suffix == ".npz":
        return read_npz(path)
    if path.suffix == ".ts":
        return read_ts_file(path), None
    if asked["series"] is None and is_nameless(path):
        return read_nameless(path, label=asked["label"]), None
    return read_table(path, asked), None
