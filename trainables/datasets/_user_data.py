"""The user's own data at a path: which of the formats it is, converted once."""

from pathlib import Path

from search_spaces._errors import UserError
from trainables.datasets._arrays import Arrays


def load(path: Path) -> Arrays:
    """The arrays of a folder of one sub-folder a class, an `.npz`, or Parquet."""
    raise UserError(f"Unknown data {path}.")


def name_of(path: Path) -> str:
    """What to call it: the file's or folder's name; the folder's where the file is a part."""
    return path.parent.name if path.stem in ("train", "test") else path.stem
