"""The cache on a node's disk: one process builds it once, all processes map it.

Every process that trains on a data set maps the same files, so that the pages of a data set are in
memory once a node. Mappings are copy-on-write: no process can change the files through them.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
from filelock import FileLock

from automl_on_ray.search_spaces.core import UserError, cache_folder as cache_folder

Kept: TypeAlias = dict[str, np.ndarray]
SUMS = "SHA256SUMS"
LAYOUT = 2  # one more whenever the code comes to keep something else under the same key


@contextmanager
def locked(name: str) -> Iterator[Path]:
    """The cache folder, while no other process of any trial works on `name`."""
    folder = cache_folder()
    try:
        (folder / "locks").mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "locks" / f"{name}.lock")
        lock.acquire()
    except OSError as error:
        raise UserError(
            f"The cache folder {folder} cannot be written ({error.strerror or error}); "
            "set AUTOML_CACHE_DIR to one that can."
        ) from error
    try:
        yield folder
    finally:
        lock.release()


def keep(key: str, build: Callable[[], Kept]) -> Kept:
    """The arrays kept under `key`, mapped; whoever comes first builds and writes them.

    What is kept is written beside its place and renamed, so others see all of it or nothing; it
    is checked against its SHA-256 at each opening and built again if the disk has damaged it.
    """
    place = cache_folder() / f"arrays-{LAYOUT}" / key
    kept = _mapped(place)
    if kept is not None:
        return kept
    with locked(key):
        kept = _mapped(place)
        if kept is None:
            arrays = build()
            _write(place, arrays)
            kept = _mapped(place)
        if kept is None:
            raise UserError(f"What was just written to {place} reads differently: check the disk.")
    return kept


@contextmanager
def scratch(place: Path) -> Iterator[Path]:
    """An empty folder beside `place` to make its content in, gone afterwards.

    For the one process that holds the lock of `place`: what a killed one left is swept away.
    """
    folder = place.with_name(f".{place.name}.part")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(place: Path, arrays: Kept) -> None:
    """Whole or not at all."""
    try:
        with scratch(place) as beside:
            for name, array in arrays.items():
                np.save(beside / f"{name}.npy", array, allow_pickle=False)
            sums = [f"{_sha256(beside / f'{name}.npy')}  {name}.npy\n" for name in arrays]
            (beside / SUMS).write_text("".join(sums))
            shutil.rmtree(place, ignore_errors=True)  # damaged; whoever maps it keeps its inodes
            beside.replace(place)
    except OSError as error:
        raise UserError(f"The data cannot be kept in {place.parent}: {error}.") from error


def _mapped(place: Path) -> Kept | None:
    """None if there is nothing whole at `place`."""
    try:
        lines = (place / SUMS).read_text().splitlines()
        arrays: Kept = {}
        for line in lines:
            digest, name = line.split()
            if _sha256(place / name) != digest:
                return None
            arrays[name.removesuffix(".npy")] = np.load(place / name, mmap_mode="c")
    except (OSError, ValueError):
        return None
    return arrays


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
