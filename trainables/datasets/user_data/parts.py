"""Which part of a data set a file or folder is, by its name."""

import re
from collections.abc import Mapping

PARTS = ("train", "validation", "test")
_WORDS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
_THINGS = ("", "set", "data", "images", "imgs")
NAMES: Mapping[str, str] = {
    word + thing: part for part, words in _WORDS.items() for word in words for thing in _THINGS
}


def part_of(name: str) -> str | None:
    """The part that `name` says: Train, seg_test, val2017, train-00000-of-00002.parquet.

    None if it says none of them, or several.
    """
    words = re.split("[^a-z]+", name.lower())
    said = {NAMES[word] for word in words if word in NAMES}
    return said.pop() if len(said) == 1 else None


def names_beside(name: str) -> list[str]:
    """What the other parts beside a file of this name may be called."""
    return ["test.parquet", "validation.parquet", "val.parquet"] if name == "train.parquet" else []
