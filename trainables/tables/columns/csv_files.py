"""Text files: which encoding, which delimiter, and which columns are numbers, seen on a sample.

The sample only chooses the way to read. What it did not show is not lost: a value that is no number
where numbers were expected has its column read as text.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.conform import MISSING

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
SAMPLE_BYTES, SAMPLE_ROWS = 4 << 20, 500
BLOCK_BYTES = 8 << 20  # a row must fit into it
TRIES = 10
AS_WINDOWS = "The file is no UTF-8 and was read as Windows-1252 (Latin 1)."


def read_csv(path: Path) -> tuple[pa.Table, list[str]]:
    """Columns of float64 or texts, and what is to be said of how they were read."""
    start = _start_of(path)
    if not start.strip(b"\xef\xbb\xbf\r\n \0"):
        raise UserError(f"{path} is empty.")
    encoding = MARKS.get(start[:2], "utf-8")
    if encoding == "utf-8" and b"\0" in start:
        raise UserError(f"{path} is no text file: it holds zero bytes; save it as UTF-8.")
    try:
        return _read(path, start, encoding), []
    except UnicodeError:
        pass
    try:
        return _read(path, start, "cp1252"), [AS_WINDOWS]
    except UnicodeError:
        raise UserError(
            f"{path} is neither UTF-8 nor Windows-1252 (Latin 1); save it as UTF-8."
        ) from None


def _start_of(path: Path) -> bytes:
    try:
        with pa.input_stream(str(path), compression="detect") as file:
            return file.read(SAMPLE_BYTES)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read: {told(error)}.") from error


def _read(path: Path, start: bytes, encoding: str) -> pa.Table:
    """UnicodeError if it is of another encoding."""
    text = _decoded(start, encoding)
    delimiter = _delimiter(text)
    names, sample = _sample(text, delimiter)
    _check_names(path, names, delimiter)
    kinds = {
        name: pa.float64() if _all_numbers(values) else pa.string()
        for name, values in zip(names, sample, strict=True)
    }
    try:
        table = _table(path, encoding, delimiter, names, kinds)
    except pa.ArrowInvalid as error:
        raise _refused(path, error) from error
    if not len(table):
        raise UserError(f"{path} has no rows below its {len(names)} columns' names.")
    return table.rename_columns([_named(name, i) for i, name in enumerate(table.column_names)])


def _table(
    path: Path, encoding: str, delimiter: str, names: list[str], kinds: dict[str, pa.DataType]
) -> pa.Table:
    """Columns that are no numbers after all as text; all of them, if they become many."""
    for _ in range(TRIES):
        try:
            return _arrow(path, encoding, delimiter, kinds)
        except pa.ArrowInvalid as error:
            found = re.search(r"In CSV column #(\d+): CSV conversion error", str(error))
            if found is None or kinds[names[int(found[1])]] == pa.string():
                raise
            kinds = {**kinds, names[int(found[1])]: pa.string()}
    return _arrow(path, encoding, delimiter, dict.fromkeys(kinds, pa.string()))


def _arrow(path: Path, encoding: str, delimiter: str, kinds: dict[str, pa.DataType]) -> pa.Table:
    return pyarrow.csv.read_csv(
        str(path),
        pyarrow.csv.ReadOptions(encoding=encoding, block_size=BLOCK_BYTES),
        pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types=kinds, null_values=list(MISSING), strings_can_be_null=True
        ),
    )


def _refused(path: Path, error: pa.ArrowInvalid) -> Exception:
    """What to raise for it."""
    said = told(error)
    if "UTF8" in said or "UTF-8" in said:
        return UnicodeError(said)
    return UserError(f"{path} cannot be read: {said}.")


def told(error: Exception) -> str:
    """Its message in one line, without a full stop."""
    return " ".join(str(error).split()).rstrip(".")


def _decoded(start: bytes, encoding: str) -> str:
    """Without a mark, and without the last line, which may not be whole."""
    if encoding == "utf-8":
        start = start.removeprefix(b"\xef\xbb\xbf")
    text = start.decode(encoding, errors="ignore" if len(start) > SAMPLE_BYTES - 4 else "strict")
    whole = text.rpartition("\n")[0]
    return whole if len(start) > SAMPLE_BYTES - 4 and whole else text


def _delimiter(text: str) -> str:
    """The one that parts most rows into as many fields as the first, two at least."""

    def fit(delimiter: str) -> tuple[float, int]:
        rows = _rows(text, delimiter, 100)
        if not rows:
            return 0.0, 0
        count = len(rows[0])
        same = sum(len(row) == count for row in rows) / len(rows)
        return (same if count > 1 else 0.0, count)

    return max(DELIMITERS, key=fit)


def _rows(text: str, delimiter: str, count: int) -> list[list[str]]:
    """The first ones; none after one that is longer than any table's."""
    read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows += islice((row for row in read if row), count)
    return rows


def _sample(text: str, delimiter: str) -> tuple[list[str], list[list[str]]]:
    """Names, and values of each column."""
    names, *rows = _rows(text, delimiter, SAMPLE_ROWS) or [[text]]
    whole = [row for row in rows if len(row) == len(names)]
    return names, [[row[i] for row in whole] for i in range(len(names))]


def _check_names(path: Path, names: Sequence[str], delimiter: str) -> None:
    if len(names) < 2:
        raise UserError(
            f"{path} has one column only, {names[0][:60]!r}; columns are parted by "
            f"{', '.join(DELIMITERS.values())}."
        )
    check_unique([name.strip() or f" {i}" for i, name in enumerate(names)], str(path))
    if all(_is_number(name) for name in names):
        raise UserError(
            f"{path} begins with numbers, {delimiter.join(names)[:60]!r}; its first line must be "
            "the columns' names."
        )


def check_unique(names: Sequence[str], source: str) -> None:
    """UserError for a name that is there twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(f"{source} has several columns called {twice[0]!r}; rename all but one.")


def _named(name: str, place: int) -> str:
    """As pandas calls a column without a name."""
    return name.strip() or f"Unnamed: {place}"


def _all_numbers(values: Sequence[str]) -> bool:
    filled = [value for value in values if value not in MISSING]
    return bool(filled) and all(_is_number(value) for value in filled)


def _is_number(text: str) -> bool:
    """Not where zeros would be lost: 007 is a code."""
    text = text.strip()
    if "_" in text or is_code(text):
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_code(text: str) -> bool:
    """Digits with a zero before them."""
    return len(text) > 1 and text[0] == "0" and text.isdigit()
