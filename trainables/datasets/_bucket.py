"""Data in a bucket: each node fetches them once into its cache, whole or not at all.

The driver adds the version that lies there to a URI, and gives trials that: s3://bucket/mine.npz#
and 16 hexadecimal digits. A node that has this version asks the bucket for nothing more; another
one fetches it, or refuses what has taken its place meanwhile.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import pyarrow.fs

from automl_on_ray.search_spaces.core import (
    Terminal,
    UserError,
    check_no_credentials,
    fetch_file,
    inside,
    is_uri,
)
from automl_on_ray.trainables.datasets._cache import cache_folder, locked, scratch
from automl_on_ray.trainables.datasets.user_data import names_beside

SCHEMES = ("s3", "gs")
SIZES, COPY = "sizes.json", "copy"  # what is kept of a version
THREADS = 8


@dataclass(frozen=True)
class _Found:
    """What lies in a bucket now: sizes in bytes by path in `files`, and what they are known by."""

    files: pyarrow.fs.FileSystem
    sizes: dict[str, int]
    version: str


def with_version(uri: str, below: str | None = None) -> str:
    """`uri` of a file or folder with the version that lies there now, unless it names one.

    With `below`, `uri` is that of a data folder, of which only this sub-folder counts; it need not
    be there. The version is made of names, sizes and times of change, which S3 gives in seconds.
    Raises UserError if the bucket cannot be read, holds nothing there, or if `uri` holds
    credentials.
    """
    if _parted(uri)[1]:
        return uri
    return f"{uri}#{_look(uri, below).version}"


@contextmanager
def at_hand(place: str, below: str | None = None) -> Iterator[Path]:
    """A path as it is; for a URI that `with_version` gave, the copy in this node's cache.

    Whichever process comes first fetches it. A UserError raised inside names the URI where it
    named the copy. Raises UserError if another version lies there by now.
    """
    if not is_uri(place):
        yield Path(place)
        return
    uri, version = _parted(place)
    kept = cache_folder() / "fetched" / version
    if not _whole(kept):
        with locked(f"fetched-{version}"):
            if not _whole(kept):
                _fetch(uri, below, version, kept)
    path = _path(uri)
    # Data are called by their file's name, or that of the folder above: both stay.
    copy = kept / COPY / (path.name if below else path.relative_to(path.parent.parent))
    try:
        yield copy
    except UserError as error:
        raise UserError(str(error).replace(str(copy), uri)) from error


def _parted(uri: str) -> tuple[str, str]:
    """The URI itself, and its version or nothing."""
    uri, _, version = uri.partition("#")
    check_no_credentials(uri, "The URI of data")
    if urlsplit(uri).scheme not in SCHEMES:
        raise UserError(f"Data cannot be read from {uri}: give a path, s3:// or gs://.")
    if version and not re.fullmatch("[0-9a-f]{16}", version):
        raise UserError(f"In the URI of data that begins with {uri}, write %23 for '#'.")
    return uri, version


def _path(uri: str) -> PurePosixPath:
    """Bucket and key."""
    words = urlsplit(uri)
    return PurePosixPath(unquote(words.netloc + words.path))


def _look(uri: str, below: str | None) -> _Found:
    selector = pyarrow.fs.FileSelector
    try:
        files, path = pyarrow.fs.FileSystem.from_uri(uri)
        here = files.get_file_info(path)
        if here.type == pyarrow.fs.FileType.NotFound or (below and here.is_file):
            raise UserError(f"There is {'no data folder' if below else 'nothing'} at {uri}.")
        if below:
            part = selector(f"{path}/{below}", recursive=True, allow_not_found=True)
            found = files.get_file_info(part)
        elif here.is_file:
            found = [here, *_other_parts(files, path)]
        else:
            found = files.get_file_info(selector(path, recursive=True))
    except (OSError, ValueError, ImportError) as error:
        raise UserError(f"{uri} cannot be read: {error}") from error
    found = sorted((info for info in found if info.is_file), key=lambda info: info.path)
    if not found and not below:
        raise UserError(f"There is nothing at {uri}.")
    signs = [uri, *(f"{info.path}\0{info.size}\0{info.mtime_ns}" for info in found)]
    version = hashlib.sha256("\n".join(signs).encode()).hexdigest()[:16]
    return _Found(files, {info.path: info.size for info in found}, version)


def _other_parts(files: pyarrow.fs.FileSystem, path: str) -> list[pyarrow.fs.FileInfo]:
    """Those of a train.parquet lie beside it."""
    folder, _, name = path.rpartition("/")
    beside = [f"{folder}/{other}" for other in names_beside(name)]
    return list(files.get_file_info(beside))


def _fetch(uri: str, below: str | None, version: str, kept: Path) -> None:
    """For the one process that holds the lock of `kept`."""
    found = _look(uri, below)
    _check_version(uri, found, version)
    path = _path(uri)
    root = path.parent if below else path.parent.parent
    names = {each: each.removeprefix(f"{root}/") for each in found.sizes}
    for name in names.values():
        inside(kept, name, f"{uri}: the file")
    megabytes = sum(found.sizes.values()) / 1e6
    try:
        with (
            Terminal(stderr=True).status(f"Fetching {uri} ({megabytes:.0f} MB)"),
            scratch(kept) as beside,
        ):
            targets = [beside / COPY / name for name in names.values()]
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(partial(_copy, found.files), names, targets))
            sizes = {names[each]: size for each, size in found.sizes.items()}
            (beside / SIZES).write_text(json.dumps(sizes))
            _check_version(uri, _look(uri, below), version)  # what was read is of one version
            if not _whole(beside):
                raise UserError(f"{uri} did not arrive whole; try again.")
            shutil.rmtree(kept, ignore_errors=True)  # damaged
            beside.replace(kept)
    except OSError as error:
        raise UserError(f"{uri} cannot be fetched into {kept.parent}: {error}") from error


def _check_version(uri: str, found: _Found, version: str) -> None:
    if found.version != version:
        raise UserError(
            f"{uri} has been changed since the study looked at it, so its trials would be of "
            "different data; begin another study, or bring back what was there."
        )


def _copy(files: pyarrow.fs.FileSystem, path: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fetch_file(files, path, target)


def _whole(kept: Path) -> bool:
    try:
        sizes = json.loads((kept / SIZES).read_text())
        return all((kept / COPY / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False
