"""CIFAR's pickles in torchvision's layout, converted once into arrays that can be mapped."""

import hashlib
import pickle
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets._cache import Kept, cache_folder, keep, locked, scratch
from automl_on_ray.trainables.datasets.downloads.download import UnreachableError, fetch
from automl_on_ray.trainables.datasets.downloads.unpickle import unpickle_arrays


@dataclass(frozen=True)
class CifarFiles:
    """Where a CIFAR lies below a data folder, and the MD5 of each of its files."""

    name: str  # of torchvision's class, which knows the address
    folder: str
    train: Mapping[str, str]
    test: Mapping[str, str]
    meta: tuple[str, str]
    labels: str  # keys inside the pickles
    label_names: str

    @property
    def all(self) -> dict[str, str]:
        return {**self.train, **self.test, self.meta[0]: self.meta[1]}


def load(folder: Path, files: CifarFiles) -> Arrays:
    """From what was converted before, else from the data folder, the cache or a download."""
    identity = hashlib.sha256("".join(files.all.values()).encode()).hexdigest()[:16]
    kept: dict[str, Any] = keep(
        f"{files.folder}-{identity}", lambda: _convert(_place(folder, files), files)
    )
    return Arrays(**{**kept, "classes": tuple(kept["classes"].tolist())})


def _place(folder: Path, files: CifarFiles) -> Path:
    """The folder that holds all files; downloaded into the cache if none does."""
    for parent in (folder, cache_folder()):
        if _complete(parent / files.folder, files):
            return parent / files.folder
    with locked(files.name) as cache:
        if not _complete(cache / files.folder, files):
            _download(cache, folder, files)
    return cache / files.folder


def _complete(place: Path, files: CifarFiles) -> bool:
    return all((place / name).is_file() for name in files.all)


def _convert(place: Path, files: CifarFiles) -> Kept:
    train = [_read(place / name, md5) for name, md5 in files.train.items()]
    test = [_read(place / name, md5) for name, md5 in files.test.items()]
    names = _read(place / files.meta[0], files.meta[1])[files.label_names]
    return {
        **_stack("train", train, files.labels),
        **_stack("test", test, files.labels),
        "classes": np.array(names),
    }


def _stack(part: str, batches: list[dict[str, Any]], labels: str) -> Kept:
    images = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    answers = np.concatenate([np.asarray(batch[labels], np.int64) for batch in batches])
    return {f"{part}_images": images, f"{part}_labels": answers}


def _read(path: Path, md5: str) -> dict[str, Any]:
    data = path.read_bytes()
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
        raise UserError(
            f"{path} is corrupted: it has the wrong checksum (MD5). "
            "Delete it or bring the original."
        )
    try:
        content: dict[str, Any] = unpickle_arrays(data)
    except pickle.UnpicklingError as error:
        raise UserError(f"{path} cannot be read: {error}.") from error
    return content


def _download(cache: Path, folder: Path, files: CifarFiles) -> None:
    from torchvision import datasets  # takes seconds to import: only who downloads pays

    known = getattr(datasets, files.name)
    with scratch(cache / files.folder) as beside:
        archive = beside / known.filename
        try:
            fetch([known.url], archive, md5=known.tgz_md5)
        except UnreachableError as reason:
            raise UserError(
                f"{files.name} is not in {folder / files.folder}, and its download does not "
                f"answer ({reason}). Put its files there."
            ) from reason
        with tarfile.open(archive) as opened:
            opened.extractall(beside, filter="data")
        (cache / files.folder).mkdir(exist_ok=True)
        for name in files.all:
            (beside / files.folder / name).replace(cache / files.folder / name)
