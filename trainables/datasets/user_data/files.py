"""Lists a data set's files, each once, without what operating systems leave there."""

import os
from collections.abc import Iterator
from pathlib import Path

from automl_on_ray.search_spaces.core import UserError

LEFT_BY_SYSTEMS = {
    "__macosx", "__pycache__", "@eadir", "lost+found", "$recycle.bin", "thumbs.db", "desktop.ini",
}  # fmt: skip


def files_below(path: Path) -> list[Path]:
    """Sorted; also through links to folders, which is how large sets are often put together.

    Hidden ones are passed over. A folder to which several links lead is read once. UserError for a
    link to nothing, for a folder that cannot be read, and for a name that is not UTF-8.
    """
    return [entry for entry in entries_below(path) if not entry.is_dir()]


def entries_below(path: Path) -> list[Path]:
    """Those files, and all folders."""
    return sorted(_walk(path, set()))


def folders_of(path: Path) -> list[Path]:
    """Directly in it, sorted."""
    return [entry for entry in _entries(path) if entry.is_dir()]


def files_of(path: Path) -> list[Path]:
    """Directly in it, sorted."""
    return [entry for entry in _entries(path) if entry.is_file()]


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    status = folder.stat()
    if (status.st_dev, status.st_ino) in seen:
        return
    seen.add((status.st_dev, status.st_ino))
    for entry in _entries(folder):
        if entry.is_dir():
            yield entry
            yield from _walk(entry, seen)
        elif entry.is_file():
            yield entry
        elif entry.is_symlink():
            raise UserError(f"{entry} is a link to nothing ({os.readlink(entry)}); mend it.")


def _entries(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UserError(f"{folder} cannot be read: {error.strerror or error}.") from error
    kept = [entry for entry in entries if not _passed_over(entry.name.lower())]
    for entry in kept:
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            name = os.fsencode(entry.name)
            raise UserError(f"{folder} holds a name that is not UTF-8: {name!r}.") from None
    return kept


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name in LEFT_BY_SYSTEMS
