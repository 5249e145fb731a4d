"""Where studies are kept: a folder, which all nodes of a cluster must see, or a bucket.

A bucket holds Ray's trials and checkpoints, and a copy of the small files that are written on this
machine's disk (`bucket_copy.py`).
"""

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import platformdirs
import pyarrow.fs

from automl_on_ray.clusters.bucket_copy import STAMP, Mirror, is_running
from automl_on_ray.search_spaces.core import (
    PART,
    UserError,
    above,
    below,
    check_name,
    check_no_credentials,
    is_uri,
    write_bytes,
)

MARK = ".can-be-written"


@dataclass(frozen=True)
class Storage:
    """`local` has a folder a study; `uri` is the bucket's, empty for a folder."""

    local: Path
    uri: str = ""

    def mirror(self, name: str) -> Mirror | None:
        """That of study `name`; None for a folder."""
        if not self.uri:
            return None
        check_name(name, "Study name")
        files, path = pyarrow.fs.FileSystem.from_uri(self.uri)
        return Mirror(self.local / name, files, f"{path}/{name}")

    def remove(self, name: str) -> None:
        """What the bucket has of study `name`, older ones of that name too; nothing of a folder's.

        UserError if it cannot be deleted.
        """
        if not self.uri:
            return
        check_name(name, "Study name")
        files, path = pyarrow.fs.FileSystem.from_uri(self.uri)
        try:
            files.delete_dir_contents(f"{path}/{name}", missing_dir_ok=True)
        except OSError as error:
            raise UserError(f"--storage {self.uri} cannot be deleted from: {error}") from error
        shutil.rmtree(self._looks / name, ignore_errors=True)

    def fetch(self, name: str) -> None:
        """Have study `name` here, if another machine has left it in the bucket.

        UserError if the bucket cannot be read.
        """
        mirror = self.mirror(name)
        with self._readable():
            if mirror is not None:
                mirror.pull()

    def look(self, name: str) -> Path:
        """A folder with study `name` as it is by now, to be read: nothing of it is moved.

        What another machine has copied since is in a cache of its own. UserError as `fetch`.
        """
        mirror, here = self.mirror(name), self.local / name
        with self._readable():
            stamp = mirror.newer() if mirror is not None else None
            if stamp is None or is_running(here):
                return here
            seen = self._looks / name / sha256(stamp).hexdigest()[:12]
            if not (seen / name / STAMP).exists():
                self._fetch_anew(name, seen)
            return seen / name

    def elsewhere(self, name: str, wanted: Sequence[str]) -> dict[str, bytes] | None:
        """These files of study `name` in the bucket, where another machine wrote there last."""
        mirror = self.mirror(name)
        with self._readable():
            stamp = mirror.newer() if mirror is not None else None
            if mirror is None or stamp is None or is_running(self.local / name):
                return None
            return mirror.peek(stamp, wanted)

    def copied(self) -> list[str]:
        """Names of studies in the bucket, none in a folder. UserError as `fetch`."""
        if not self.uri:
            return []
        with self._readable():
            files, path = pyarrow.fs.FileSystem.from_uri(self.uri)
            selector = pyarrow.fs.FileSelector(path, allow_not_found=True)
            below = [info.base_name for info in files.get_file_info(selector) if not info.is_file]
            stamps = files.get_file_info([f"{path}/{name}/{STAMP}" for name in below])
            return [name for name, info in zip(below, stamps, strict=True) if info.is_file]

    @property
    def _looks(self) -> Path:
        return self.local.with_name(f"{self.local.name}-looks")

    def _fetch_anew(self, name: str, target: Path) -> None:
        """Two may look at a time. Somebody may still read what was fetched last; older ones go."""
        whole = (path for path in target.parent.glob("*/") if PART not in path.name)
        older = sorted(whole, key=lambda path: path.stat().st_mtime)
        part = target.with_name(f"{target.name}{PART}{uuid.uuid4().hex}")
        mirror = replace(self, local=part).mirror(name)
        assert mirror is not None
        try:
            mirror.pull()
            with suppress(OSError):  # another look was sooner
                part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        for path in older[:-1]:
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f"--storage {self.uri} cannot be read: {error}") from error


@dataclass(frozen=True)
class Stage:
    """One Ray Tune experiment of a study: `folder` here, trials and checkpoints in `home`.

    `home` is the URI of the same folder in a bucket; empty where all is here. `trusted`: what is
    there may be unpickled, whoever has saved it.
    """

    folder: Path
    home: str = ""
    trusted: bool = False

    @property
    def storage_path(self) -> str:
        """What Ray wants: the folder above."""
        return above(self.home) if self.home else str(self.folder.parent)

    def files(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """Where Ray's state is."""
        if not self.home:
            return pyarrow.fs.LocalFileSystem(), str(self.folder)
        files, path = pyarrow.fs.FileSystem.from_uri(self.home)
        return files, path


def folder_named(given: str | Path, option: str) -> Path:
    """Its absolute path, `~` being one's home. UserError if no folder can have that name."""
    text = str(given)
    if not text.strip() or not text.isprintable():
        raise UserError(f"{option} {text!r} is no folder's name.")
    try:
        path = Path(text).expanduser().absolute()
        if path.exists() and not path.is_dir():
            raise UserError(f"{option} {path} is a file; give a folder.")
    except (OSError, RuntimeError) as error:  # a name too long, a user who is not there
        raise UserError(f"{option} {text}: {getattr(error, 'strerror', None) or error}") from error
    return path


def find_storage(given: str) -> Storage:
    """A path, or a URI such as s3://bucket/folder. UserError if it cannot be written to."""
    if not is_uri(given):
        return Storage(folder_named(given, "--storage"))
    check_no_credentials(given, "--storage")
    if given.lower().startswith("file:"):
        parts = urlsplit(given)
        if parts.netloc not in ("", "localhost"):
            raise UserError(f"--storage {given} is on another host; mount it, and give its path.")
        return Storage(folder_named(url2pathname(parts.path), "--storage"))
    try:
        files, path = pyarrow.fs.FileSystem.from_uri(given)
        files.create_dir(path, recursive=True)
        mark = f"{path}/{MARK}-{uuid.uuid4().hex}"  # others may look at the same time
        write_bytes(files, mark, b"x")
        files.delete_file(mark)
    except (OSError, ValueError, ImportError) as error:
        raise UserError(f"--storage {given} cannot be written to: {error}") from error
    uri = below(given)  # without a slash at its end
    key = sha256(uri.encode()).hexdigest()[:12]
    local = platformdirs.user_data_path("automl-on-ray") / f"studies-{key}"
    return Storage(local, uri)
