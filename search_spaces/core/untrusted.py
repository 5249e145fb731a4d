"""Checks names, paths, ids and archives that come from a bucket, a server or a file.

A bucket, an MLflow server, a journal or a file may be another's. None of them chooses a place
outside of the folder that is meant, and none replaces what is there.
"""

import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

from automl_on_ray.search_spaces.core.errors import UserError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


def is_id(text: object) -> bool:
    """Whether it is an id as studies have them: letters, digits, - and _."""
    return isinstance(text, str) and bool(_ID.fullmatch(text))


def check_id(text: object, what: str) -> str:
    """An id as studies have them. UserError for anything else."""
    if not isinstance(text, str) or not is_id(text):
        raise UserError(f"{what} {_shown(text)} must be letters, digits, - and _ only.")
    return text


def check_name(name: object, what: str) -> str:
    """A name of one file or folder, not a hidden one. UserError for what leads elsewhere."""
    parts = _parts(name) if isinstance(name, str) else ()
    if len(parts) != 1 or parts[0].startswith(".") or "\\" in parts[0]:
        raise UserError(
            f"{what} {_shown(name)} must be usable as a folder's name, without slashes."
        )
    return parts[0]


def inside(folder: Path, name: object, what: str) -> Path:
    """The place that `name` (parts between slashes) has below `folder`.

    UserError for a name that leads out of it, on Windows too, or through a link that does.
    """
    parts = _parts(name) if isinstance(name, str) else ()
    place = folder.joinpath(*parts)
    if not parts or not place.resolve().is_relative_to(folder.resolve()):
        raise UserError(f"{what} {_shown(name)} would lie outside of its folder: nothing is done.")
    return place


def is_inside(name: str) -> bool:
    """Whether `name`, a path, leads to a place below the folder that it is joined to."""
    return bool(_parts(name))


def _parts(name: str) -> tuple[str, ...]:
    """Of a relative path without detours, for Windows too; none of any other."""
    parts, windows = name.split("/"), PureWindowsPath(name)
    detours = {"", ".", ".."} & {*parts, *name.split("\\")}
    if detours or windows.anchor or _CONTROL.search(name):
        return ()
    return tuple(parts)


def _shown(name: object) -> str:
    """On one line, and not without end."""
    text = repr(name)
    return text if len(text) <= 200 else f"{text[:200]}..."


def files_of_tar(data: bytes, what: str) -> Iterator[tuple[str, bytes]]:
    """Names and contents of an archive of plain files in no folder.

    UserError if it holds anything else: links, folders, devices; or cannot be read.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None:
                    raise UserError(f"{what} holds {_shown(member.name)}, which is no plain file.")
                yield check_name(member.name, f"A name in {what},"), content.read()
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise UserError(f"{what} cannot be read: {error}") from error
