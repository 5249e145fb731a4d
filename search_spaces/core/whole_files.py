"""Writes files whole or not at all, here and in buckets, whatever is killed meanwhile."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from pyarrow.fs import FileSystem

PART = ".part"  # how the names of files end that are being written
_OBJECT_STORES = {"s3", "gcs", "abfs"}  # have no folders; an object is there once it is whole

_BLOCK = 1 << 23  # bytes of one request

Version = tuple[int, int, int]


def cache_folder() -> Path:
    """`AUTOML_CACHE_DIR`, or the usual place in the user's home: what may be made anew."""
    named = os.environ.get("AUTOML_CACHE_DIR")
    return Path(named).absolute() if named else platformdirs.user_cache_path("automl-on-ray")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A new name beside `path` to write to; at the end that file takes the place of `path`.

    Nothing is left of it after an error. Several processes may write to one `path`.
    """
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}{PART}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def version_of(path: Path) -> Version:
    """What becomes another whenever a file is written: its time, size and inode."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


# In buckets. A path is what `FileSystem.from_uri` returns beside the file system.


def has_folders(files: FileSystem) -> bool:
    """Whether a folder must be made before a file is written into it."""
    return files.type_name not in _OBJECT_STORES


def read_bytes(files: FileSystem, path: str) -> bytes | None:
    """None if there is no such file."""
    try:
        with files.open_input_stream(path) as stream:
            data: bytes = stream.read()
    except FileNotFoundError:
        return None
    return data


def write_bytes(files: FileSystem, path: str, data: bytes) -> None:
    """Replace the file, with the folders that it needs."""
    part = path
    if has_folders(files):
        files.create_dir(path.rpartition("/")[0], recursive=True)
        part = f"{path}{PART}"
    with files.open_output_stream(part) as stream:
        stream.write(data)
    if part != path:
        files.move(part, path)


def send_file(source: Path, files: FileSystem, path: str) -> None:
    """Copy it to a folder that is there; of one that grows meanwhile, its beginning."""
    with source.open("rb") as read, files.open_output_stream(path) as written:
        shutil.copyfileobj(read, written)


def fetch_file(files: FileSystem, path: str, target: Path) -> None:
    """Copy it to the new file `target`; FileExistsError if that is there."""
    with files.open_input_stream(path) as read, target.open("xb") as written:
        shutil.copyfileobj(read, written, _BLOCK)
