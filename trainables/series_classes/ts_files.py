"""Reads .ts files, in which the archives of the University of California and of UEA are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl_on_ray.search_spaces.core import UserError

MISSING = ("?", "NaN", "nan", "")
TRUE = ("true", "yes", "1")


@dataclass(frozen=True)
class Labelled:
    """Series as they came, each (channels, its length) float64 with NaN for missing points.

    `remarks` are what to say of how they were read.
    """

    series: tuple[np.ndarray, ...]
    labels: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def read_ts(text: str, name: str) -> Labelled:
    """A line is a series: values by commas, channels by colons, the label last.

    UserError, with the line's number, for what is none.
    """
    rows = list(_rows(text, name))
    if not rows:
        raise UserError(f"{name} has no series after a line @data.")
    return Labelled(tuple(series for series, _ in rows), tuple(label for _, label in rows))


def read_ts_file(path: Path) -> Labelled:
    try:
        return read_ts(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text: {error}.") from error


def _rows(text: str, name: str) -> Iterator[tuple[np.ndarray, str]]:
    within = False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if within:
            yield _row(line, f"Line {number} of {name}")
        elif line.lower().startswith("@data"):
            within = True
        elif line.startswith("@"):
            _check_header(line.lower().split(), name)
        else:
            raise UserError(f"Line {number} of {name} comes before a line @data, but is no header.")


def _check_header(words: list[str], name: str) -> None:
    said = words[1] if len(words) > 1 else ""
    if words[0] == "@timestamps" and said in TRUE:
        raise UserError(f"{name} has time stamps in it, which are not read; leave them out.")
    if words[0] == "@classlabel" and said not in TRUE:
        raise UserError(f"{name} has no class labels (@classLabel false).")
    if words[0] == "@targetlabel" and said in TRUE:
        raise UserError(f"{name} has numbers to predict (@targetLabel), not classes.")


def _row(line: str, place: str) -> tuple[np.ndarray, str]:
    *channels, label = line.split(":")
    if not channels:
        raise UserError(f"{place} has no colon, after which the label stands.")
    try:
        known = [
            [np.nan if one.strip() in MISSING else float(one) for one in channel.split(",")]
            for channel in channels
        ]
    except ValueError as error:
        raise UserError(f"{place} has a value that is no number: {error}.") from error
    if len({len(channel) for channel in known}) > 1:
        raise UserError(f"{place} has channels of unlike lengths.")
    return np.array(known), label.strip()
