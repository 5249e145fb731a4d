"""The user's own data at a path: decoded once into the cache, then mapped by every process."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.trainables.datasets import _image_folder, _npz, _parquet
from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets._cache import Kept, keep


def load(path: Path) -> Arrays:
    """The arrays of a folder of one sub-folder a class, an `.npz`, or Parquet.

    They are decoded again when a file's name, size or time of change differs from last time.
    """
    read, files = _reader(path)
    signs = [f"{file}\0{s.st_size}\0{s.st_mtime_ns}" for file in files for s in [file.stat()]]
    identity = hashlib.sha256("\n".join(signs).encode()).hexdigest()[:16]
    kept = keep(f"own-{name_of(path)}-{identity}", lambda: _checked(read(path), path))
    classes = tuple(kept.pop("classes").tolist())
    return Arrays(**kept, classes=classes)


def name_of(path: Path) -> str:
    """What to call it: the file's or folder's name; the folder's where the file is a part."""
    return path.parent.name if path.stem in ("train", "test") else path.stem


def _reader(path: Path) -> tuple[Callable[[Path], Arrays], Sequence[Path]]:
    """Who reads it, and from which files."""
    if not path.exists():
        raise UserError(f"There is no data at {path}.")
    if path.is_dir() and any(path.glob("*.parquet")):
        return _parquet.load, sorted(path.glob("*.parquet"))
    if path.is_dir():
        return _image_folder.load, _image_folder.files_below(path)
    if path.suffix == ".npz":
        return _npz.load, [path]
    if path.suffix == ".parquet":
        return _parquet.load, [path, *_parquet.beside(path)]
    raise UserError(
        f"{path} is of no known format: give a folder of one sub-folder a class, "
        "an .npz file, a .parquet file or a folder of these."
    )


def _checked(arrays: Arrays, path: Path) -> Kept:
    arrays.check(str(path))
    return {
        "train_images": arrays.train_images,
        "train_labels": arrays.train_labels,
        "test_images": arrays.test_images,
        "test_labels": arrays.test_labels,
        "classes": np.array(arrays.classes),
    }
