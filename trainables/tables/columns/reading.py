"""A table out of a file or a Python program, as a pandas frame whose columns are as they came."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.columns.csv_files import check_unique, read_csv, told

TEXT = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
PACKED = (".gz", ".bz2", ".zst", ".lz4")
INDEX = "__index_level_"  # how pandas calls an index without a name in a file


def read(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The table of a CSV, Parquet or Arrow file, or a folder of Parquet, and remarks.

    Raises UserError for what is none.
    """
    table, remarks = _arrow_table(path)
    tables = [table]
    del table
    return _framed(tables, str(path)), remarks


def _arrow_table(path: Path) -> tuple[pa.Table, list[str]]:
    if not path.exists():
        raise UserError(f"There is no table at {path}.")
    suffix = path.with_suffix("").suffix if path.suffix.lower() in PACKED else path.suffix
    suffix = suffix.lower()
    if suffix in TEXT:
        return read_csv(path)
    if suffix not in (*PARQUET, *ARROW) and not path.is_dir():
        raise UserError(
            f"{path} is of no known format: give {', '.join((*TEXT, *PARQUET, *ARROW))}, or a "
            "folder of Parquet files."
        )
    if path.is_file() and not path.stat().st_size:
        raise UserError(f"{path} is empty.")
    try:
        return _arrow_file(path) if suffix in ARROW else _parquet(path), []
    except Exception as error:  # a damaged file fails in any way it likes
        raise UserError(f"{path} is damaged or of another format: {told(error)}.") from error


def read_frame(given: Any, name: str) -> pd.DataFrame:
    """Of a pandas or polars frame, or an Arrow table: its columns, without an index.

    UserError for anything else.
    """
    if isinstance(given, pd.DataFrame):
        frame = given.reset_index(drop=True)  # the same memory
        frame.columns = [str(each).strip() for each in frame.columns]
        _check(list(frame.columns), len(frame), name)
        arrow = [each for each, kind in frame.dtypes.items() if isinstance(kind, pd.ArrowDtype)]
        if arrow:
            frame[arrow] = _framed([pa.Table.from_pandas(frame[arrow])], name)
        return frame
    if hasattr(given, "collect") and hasattr(given, "lazy"):  # a lazy frame of polars
        given = given.collect()
    if not (isinstance(given, pa.Table) or hasattr(given, "__arrow_c_stream__")):
        raise UserError(
            f"{name} must be a data frame of pandas or polars, or an Arrow table, but is "
            f"{type(given).__name__}."
        )
    try:
        tables = [pa.table(given)]
    except pa.ArrowException as error:  # a series, or a type that Arrow has not
        raise UserError(f"{name} cannot be read as an Arrow table: {told(error)}.") from error
    return _framed(tables, name)


def sign(path: Path) -> str:
    """What differs when a file or a folder's files do: names, sizes and times of change."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    signs = []
    for file in files:
        status = file.stat() if file.exists() else None
        signs.append(f"{file}\0{status and (status.st_size, status.st_mtime_ns)}")
    return hashlib.sha256("\n".join(signs).encode()).hexdigest()


def content_of(frame: pd.DataFrame) -> str:
    """SHA-256 of a frame's names, types and values."""
    total = hashlib.sha256()
    for name, column in frame.items():
        total.update(f"{name}\0{column.dtype}\0".encode())
        try:
            total.update(pd.util.hash_pandas_object(column, index=False).to_numpy().data)
        except TypeError:  # of lists
            total.update(repr(column.tolist()).encode())
    return total.hexdigest()


def _parquet(path: Path) -> pa.Table:
    """Without a copy of the file in memory beside what it holds."""
    return pq.read_table(path, memory_map=True, pre_buffer=False)


def _arrow_file(path: Path) -> pa.Table:
    try:
        return pyarrow.feather.read_table(path, memory_map=True)
    except pa.ArrowInvalid:
        with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
            return stream.read_all()


def _framed(given: list[pa.Table], name: str) -> pd.DataFrame:
    """Of one table, which is taken out of `given`: its memory is given back column by column."""
    table = given.pop()
    table = table.select(
        [i for i, each in enumerate(table.column_names) if not each.startswith(INDEX)]
    )
    table = table.rename_columns([each.strip() for each in table.column_names])
    _check(table.column_names, len(table), name)
    try:
        return table.to_pandas(
            split_blocks=True, self_destruct=True, ignore_metadata=True, date_as_object=False
        )
    except pa.ArrowException as error:
        raise UserError(f"{name} holds what pandas cannot: {told(error)}.") from error


def _check(names: Sequence[str], rows: int, source: str) -> None:
    check_unique(names, source)
    if not rows:
        raise UserError(f"{source} has no rows.")
