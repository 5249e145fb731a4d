"""The user's own data at a path: decoded once into the cache, then mapped by every process."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets._cache import Kept, keep
from automl_on_ray.trainables.datasets._names import check_there
from automl_on_ray.trainables.datasets.user_data import image_folder, npz, parquet
from automl_on_ray.trainables.datasets.user_data.copies import remarks_on_copies
from automl_on_ray.trainables.datasets.user_data.files import entries_below


def load(path: Path) -> Arrays:
    """The arrays of a folder of one sub-folder a class, an `.npz`, or Parquet.

    They are decoded again when a file's name, size or time of change differs from last time.
    """
    read, files = _reader(path)
    identity = hashlib.sha256("\n".join(_sign(file) for file in files).encode()).hexdigest()[:16]
    kept: dict[str, Any] = keep(f"own-{name_of(path)}-{identity}", lambda: _checked(read(), path))
    words = {key: tuple(kept[key].tolist()) for key in ("classes", "remarks")}
    return Arrays(**{**kept, **words})


def name_of(path: Path) -> str:
    """What to call it: the file's or folder's name; the folder's where the file is a part."""
    return path.parent.name if path.stem.lower() in ("train", "test") else path.stem


def _sign(file: Path) -> str:
    """What differs when a file does; of a folder, its name is enough."""
    status = file.stat()
    return f"{file}\0" if file.is_dir() else f"{file}\0{status.st_size}\0{status.st_mtime_ns}"


def _reader(path: Path) -> tuple[Callable[[], Arrays], Sequence[Path]]:
    """Who reads it, and from which files."""
    check_there(path)
    suffix = path.suffix.lower()
    if path.is_dir():
        entries = entries_below(path)
        files = _tables(path, entries)
        if files:
            return partial(parquet.load, path, files), files
        return partial(image_folder.load, path), entries
    if suffix == ".npz":
        return partial(npz.load, path), [path]
    if suffix == ".parquet":
        files = [path, *parquet.beside(path)]
        return partial(parquet.load, path, files), files
    raise UserError(
        f"{path} is of no known format: give a folder of one sub-folder a class, "
        "an .npz file, a .parquet file or a folder of these."
    )


def _tables(path: Path, entries: Sequence[Path]) -> list[Path]:
    """The Parquet files in a folder; or below it, where there is no picture.

    UserError if either could be meant.
    """
    below = [entry for entry in entries if entry.suffix == ".parquet" and entry.is_file()]
    directly = [file for file in below if file.parent == path]
    pictures = [entry for entry in entries if image_folder.is_picture(entry)]
    sorted_ones = [picture for picture in pictures if picture.parent != path]
    if directly and sorted_ones:
        raise UserError(
            f"{path} holds Parquet files and folders of pictures, {directly[0].name} and "
            f"{sorted_ones[0].parent.name}/; give the path of one."
        )
    return directly if pictures else below


def _checked(arrays: Arrays, path: Path) -> Kept:
    arrays.check(str(path))
    parts = {**arrays.parts(), "test": (arrays.test_images, arrays.test_labels)}
    return {
        **{f"{part}_images": images for part, (images, _) in parts.items()},
        **{f"{part}_labels": labels for part, (_, labels) in parts.items()},
        "classes": np.array(arrays.classes),
        "remarks": np.array(remarks_on_copies(arrays), np.str_),
    }
