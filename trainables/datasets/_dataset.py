"""A data set by name or path: uint8 tensors, split once, by seed and stratified."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Required, TypedDict

import numpy as np
import torch
from torch import Tensor

from automl_on_ray.search_spaces.core import UserError, find, is_uri
from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets._bucket import at_hand, with_version
from automl_on_ray.trainables.datasets._cache import Kept, cache_folder, keep
from automl_on_ray.trainables.datasets._names import ROOM, is_path
from automl_on_ray.trainables.datasets._split import stratified
from automl_on_ray.trainables.datasets.user_data import folder_or_file

__all__ = ["Arrays", "Dataset", "Images", "load_dataset"]

TEST_SHARE = 1 / 6  # where the data brings no test part of its own


@dataclass(frozen=True)
class Images:
    """One split: `images` uint8 (N, channels, height, width), `labels` int64 (N,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device | str) -> "Images":
        """On `device`; the same memory if it is there already."""
        return Images(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Dataset:
    """Train, validation and test; `mean` and `std` per channel of train, on the scale 0..1.

    `digest` is the SHA-256 of the data before train and validation are parted: it depends neither
    on how they are, nor on `size`. On the CPU the images are mapped from the cache, so processes
    of one node share them; train and validation are views of `both`. `remarks` are what the user
    should know of the data, one line each. `source` and `data_dir` are where they come from, as
    trials are told it: paths absolute, URIs with a version.
    """

    name: str
    classes: tuple[str, ...]
    train: Images
    validation: Images
    test: Images
    mean: tuple[float, ...]
    std: tuple[float, ...]
    digest: str
    both: Images
    remarks: tuple[str, ...] = ()
    source: str = ""
    data_dir: str | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    def joined(self) -> Images:
        """Train and validation as one, for the final training; no copy."""
        return self.both

    def facts(self) -> dict[str, Any]:
        """What a person wants to know of them."""
        return {
            "train": len(self.train),
            "validation": len(self.validation),
            "test": len(self.test),
            "image shape": list(self.image_shape),
            "classes": list(self.classes),
        }

    def keywords(self) -> dict[str, Any]:
        """Those of `DataKeywords` that hold trials to exactly these data."""
        return {"dataset": self.source, "data_dir": self.data_dir, "digest": self.digest}


class DataKeywords(TypedDict, total=False):
    """Keywords of a trainable's `setup` that say which data it takes, as `load_asked` reads them.

    `seed` splits the data; `subset` reduces train and validation together to so many images; data
    of another `digest` are refused.
    """

    dataset: Required[str]
    data_dir: str | None
    seed: int
    subset: int | None
    digest: str | None


def load_asked(asked: Mapping[str, Any]) -> "Dataset":
    """By `DataKeywords`; other keywords are passed over. UserError if it cannot be had."""
    return load_dataset(
        asked["dataset"], data_dir=asked.get("data_dir"), seed=asked.get("seed", 0),
        size=asked.get("subset"), digest=asked.get("digest"),
    )  # fmt: skip


def load_dataset(
    name_or_path: str,
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    validation: float = 1 / 6,
    size: int | None = None,
    digest: str | None = None,
) -> Dataset:
    """The data set of that name, or the user's own at that path or URI (s3://bucket/mine.npz).

    A path leads to a folder of one sub-folder a class, an `.npz` or Parquet, with or without
    validation and test parts. Given parts are used as they are; where there is no test part, a
    sixth of train is split off. `data_dir` (else `AUTOML_DATA_DIR`, else the cache),
    a folder or a URI, is where the files of named data sets are looked for; nothing is ever
    written there. `validation` is the share of the training data to validate on, where no such
    part is given; `size` reduces the two together to that many images, for quick trials. The test
    part is never reduced. Data of another `digest` than the given one are refused.

    The process keeps what it loaded: a second call with the same words returns the same object.
    Raises UserError, one line, for whatever its user can mend.
    """
    if not 0 < validation < 1:
        raise UserError(f"The validation share must lie between 0 and 1, but is {validation}.")
    if seed < 0:
        raise UserError(f"The seed must be 0 or more, but is {seed}.")
    if size is not None and size < 1:
        raise UserError(f"A subset must have 1 image or more, but {size} were asked for.")
    source, named = versioned(name_or_path, data_dir)
    if is_path(source) and not is_uri(source):
        source = str(Path(source).absolute())
    data = _load(source, named, cache_folder(), seed, validation, size)
    if digest is not None and data.digest != digest:
        raise UserError(
            f"The data of {name_or_path} are not those that the study began with (digest "
            f"{data.digest[:12]} instead of {digest[:12]}): they have been changed since, or are "
            "others on this node."
        )
    return data


def versioned(name_or_path: str, data_dir: str | Path | None = None) -> tuple[str, str | None]:
    """Both as all trials of a study are to be told them: URIs with the version that lies there now.

    The data folder may also come from `AUTOML_DATA_DIR`; it is None where none is named, and where
    it is a URI of which this data set needs nothing. Raises UserError as `load_dataset` does.
    """
    folder = str(data_dir or os.environ.get("AUTOML_DATA_DIR") or "")
    own = is_path(name_or_path)
    if is_uri(folder):
        below = None if own else getattr(_module(name_or_path), "FOLDER", None)
        folder = with_version(folder, below) if below else ""
    elif folder:
        folder = str(data_folder(folder))
    return with_version(name_or_path) if is_uri(name_or_path) else name_or_path, folder or None


def data_folder(data_dir: str | Path | None = None) -> Path:
    """Where files of named data sets are looked for first; UserError if named but not there."""
    named = data_dir or os.environ.get("AUTOML_DATA_DIR")
    if not named:
        return cache_folder()
    folder = Path(named).absolute()
    if not folder.is_dir():
        raise UserError(f"The data folder {folder} does not exist.")
    return folder


@lru_cache(maxsize=4)
def _load(
    source: str, data_dir: str | None, cache: Path, seed: int, validation: float, size: int | None
) -> Dataset:
    if is_path(source):
        with at_hand(source) as path:
            name, arrays = folder_or_file.name_of(path), folder_or_file.load(path)
            arrays.check(str(path))
    else:
        module = _module(source)
        with at_hand(data_dir or str(cache), getattr(module, "FOLDER", None)) as path:
            name, arrays = source.replace("_", "-"), module.load(path)
            arrays.check(source)
    digest = arrays.digest()
    if not len(arrays.test_images):
        digest = hashlib.sha256(f"{digest}, test part by seed {seed}".encode()).hexdigest()
    parts = keep(
        f"{name}-{digest[:16]}-{seed}-{validation}-{size}",
        lambda: _split(arrays, seed=seed, validation=validation, size=size),
    )
    given = {"test": arrays.test_images, "test_labels": arrays.test_labels}
    parts = {**given, **parts}  # a test part that the data brings is not copied
    both, count = _images(parts, "both"), int(parts["train_count"])
    return Dataset(
        name=name,
        classes=arrays.classes,
        train=Images(both.images[:count], both.labels[:count]),
        validation=Images(both.images[count:], both.labels[count:]),
        test=_images(parts, "test"),
        mean=tuple(parts["mean"].tolist()),
        std=tuple(parts["std"].tolist()),
        digest=digest,
        both=both,
        remarks=arrays.remarks,
        source=source,
        data_dir=data_dir,
    )


def _module(name: str) -> Any:
    return find(ROOM, name, kind="data set")


def _images(parts: Kept, part: str) -> Images:
    labels = parts[f"{part}_labels"].astype(np.int64)
    return Images(torch.from_numpy(parts[part]), torch.from_numpy(labels))


def _split(arrays: Arrays, *, seed: int, validation: float, size: int | None) -> Kept:
    """Train and validation, one after the other in `both`; mean and std of train.

    Test too, if the data brings none.
    """
    images, labels = arrays.train_images, arrays.train_labels
    given = arrays.parts().get("validation")
    seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
    kept: Kept = {}
    rest = np.arange(len(labels))
    if not len(arrays.test_images):
        rest, pick = stratified(labels, round(len(rest) * TEST_SHARE), seed=seeds[0])
        kept |= {"test": images[pick], "test_labels": labels[pick]}
    held = len(given[1]) if given else 0
    if size is not None and size > len(rest) + held:
        raise UserError(
            f"A subset of {size} images was asked for, but there are {len(rest) + held}."
        )
    share = 1.0 if size is None else size / (len(rest) + held)
    if given is None:
        rest = _reduced(rest, labels, share, seeds[1])
        train, part = stratified(labels[rest], round(len(rest) * validation), seed=seeds[2])
        pick = np.concatenate([rest[train], rest[part]])
        both, answers, count = images[pick], labels[pick], len(train)
    else:
        rest = _reduced(rest, labels, share, seeds[1])
        part = _reduced(np.arange(held), given[1], share, seeds[2])
        both = np.concatenate([images[rest], given[0][part]])
        answers, count = np.concatenate([labels[rest], given[1][part]]), len(rest)
    mean, std = _statistics(both[:count])
    return {
        **kept, "both": both, "both_labels": answers, "mean": mean, "std": std,
        "train_count": np.array(count),
    }  # fmt: skip


def _reduced(rows: np.ndarray, labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """That share of `rows`, with the same mix of classes; all for 1."""
    if share == 1:
        return rows
    return rows[stratified(labels[rows], max(round(len(rows) * share), 1), seed=seed)[1]]


def _statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exact mean and standard deviation per channel, on the scale 0..1; 1 where nothing varies."""
    counts = np.zeros((images.shape[1], 256))
    for block in np.array_split(images, -(-len(images) // 1000)):  # bincount makes int64 of them
        for channel in range(len(counts)):
            counts[channel] += np.bincount(block[:, channel].ravel(), minlength=256)
    share = counts / counts.sum(axis=1, keepdims=True)
    values = np.arange(256) / 255
    mean = share @ values
    std = np.sqrt((share * (values - mean[:, None]) ** 2).sum(axis=1))
    return mean, np.where(std > 0, std, 1.0)
