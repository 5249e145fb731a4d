"""Whether a table fits into memory, told before it is read, and before it is fitted.

The copies are fewer than benchmarks/tabular/memory.py found (2.3 to read, about 6 to fit): what is
refused cannot fit, and of what is not, some may run out of memory still.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.splits import Fold

GIGABYTE = 1e9
VALUE = 8  # bytes: all numbers are float64 in memory, whatever the file has
READING = 2.0  # copies of all values while a table is read
FITTING = 3.0  # copies of the values that a fit takes, of the model that needs least
SHARE = 0.8  # of a machine's memory that is for it; the system and Ray have the rest
LIBRARIES = 0.2e9  # bytes of a process, before it has anything
SAMPLE = 4 << 20  # bytes of a text file, from which the rest is told
FORMATS = {".parquet": "parquet", ".pq": "parquet", ".arrow": "feather", ".feather": "feather",
           ".ipc": "feather", "": "parquet"}  # fmt: skip
LIMIT = Path("/sys/fs/cgroup/memory.max")
MARKS = (b",", b";", b"\t", b"|")


def memory_here() -> float:
    """Bytes of main memory that this machine has, or that its container may take."""
    there = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    text = LIMIT.read_text().strip() if LIMIT.exists() else ""
    return min(there, float(text)) if text.isdecimal() else there


def check_reading(path: Path, there: float) -> None:
    """UserError if to read the table at `path` needs more than SHARE of `there`, in bytes.

    Its size is that of the file's own words, or told from the beginning of a text file. Nothing is
    said of a file that is packed, or of which nothing can be told.
    """
    rows, columns = size_of(path)
    needed, free = LIBRARIES + READING * VALUE * rows * columns, SHARE * there
    if needed <= free:
        return
    fitting = int((free - LIBRARIES) / (READING * VALUE * columns))
    raise UserError(
        f"{path} has {rows:,} rows and {columns:,} columns: to read it takes "
        f"{needed / GIGABYTE:.1f} GB of memory or more, and there are {free / GIGABYTE:.1f} GB "
        f"for it here. Give a file with {fitting:,} of its rows, or with fewer columns."
    )


def check_fits(folds: Sequence[Fold], columns: int, there: float) -> None:
    """UserError if no model could be fitted to a fold's rows with `there` bytes for a fit."""
    own, held = max(folds, key=lambda fold: len(fold[0]))
    rows = len(own)
    needed = FITTING * VALUE * rows * columns
    if needed <= there:
        return
    subset = int((rows + len(held)) * there / needed)
    raise UserError(
        f"A fit of {rows:,} rows and {columns:,} columns takes {needed / GIGABYTE:.1f} GB of "
        f"memory or more, and a trial has {there / GIGABYTE:.1f} GB here. Give --subset {subset}, "
        "or fewer --slots."
    )


def size_of(path: Path) -> tuple[int, int]:
    """Rows and columns; (0, 0) where the file does not tell."""
    if path.suffix.lower() in FORMATS:
        try:
            found = pyarrow.dataset.dataset(path, format=FORMATS[path.suffix.lower()])
            return found.count_rows(), len(found.schema.names)
        except (OSError, pa.ArrowException):  # whoever reads it says why
            return 0, 0
    return _size_of_text(path) if path.suffix.lower() in (".csv", ".tsv", ".txt") else (0, 0)


def _size_of_text(path: Path) -> tuple[int, int]:
    try:
        with path.open("rb") as file:
            start = file.read(SAMPLE)
    except OSError:
        return 0, 0
    first, _, rest = start.partition(b"\n")
    rows = rest.count(b"\n") * path.stat().st_size // max(len(start), 1)
    return rows, 1 + max(first.count(mark) for mark in MARKS)
