"""Files in Y. LeCun's IDX format, four a data set, in torchvision's layout: mapped and checked."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets._cache import cache_folder, locked, scratch
from automl_on_ray.trainables.datasets.downloads.download import UnreachableError

# In the order of `Arrays`: train images, train labels, test images, test labels.
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
Source = Callable[[Path], None]  # puts the four files into a folder, or raises UnreachableError


def load(
    folder: Path,
    name: str,
    *,
    classes: tuple[str, ...],
    sources: Mapping[str, Source],
    sha256: Sequence[str] | None = None,
) -> Arrays:
    """Mapped from `<folder>/<name>/raw`, else from there in the cache, where a source fills it.

    `sources` are tried in their order; `sha256` are the digests of the four files, checked each
    time. Raises UserError if a file is damaged or no source answers.
    """
    for place in (folder, cache_folder()):
        raw = place / name / "raw"
        if _complete(raw):
            return _mapped(raw, classes, sha256)
    with locked(name) as cache:
        raw = cache / name / "raw"
        if not _complete(raw):
            _obtain(raw, name, folder, sources, sha256)
    return _mapped(raw, classes, sha256)


def read(path: Path, *, sha256: str | None = None) -> np.ndarray:
    """The uint8 array in an IDX file, mapped copy-on-write. UserError if the file is damaged."""
    with path.open("rb") as file:
        head = file.read(4)
        dimensions = head[3] if len(head) == 4 and head[:3] == b"\x00\x00\x08" else 0
        sizes = file.read(4 * dimensions)
    start, actual = 4 + 4 * dimensions, path.stat().st_size
    if not dimensions or len(sizes) < 4 * dimensions:
        raise UserError(f"{path} is not an IDX file of bytes: delete it or bring the original.")
    shape = tuple(np.frombuffer(sizes, ">u4").tolist())
    expected = start + math.prod(shape)
    if actual != expected:
        raise UserError(
            f"{path} is truncated or corrupted: {actual} bytes instead of {expected}. "
            "Delete it or bring the original."
        )
    if sha256 is not None:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise UserError(
                f"{path} has the wrong checksum: SHA-256 {found[:12]}... instead of "
                f"{sha256[:12]}.... Delete it or bring the original."
            )
    return np.memmap(path, np.uint8, mode="c", offset=start, shape=shape)


def write(path: Path, array: np.ndarray) -> None:
    """A uint8 array as an IDX file."""
    with path.open("wb") as file:
        file.write(bytes([0, 0, 8, array.ndim]))
        file.write(np.asarray(array.shape, ">u4").tobytes())
        file.write(np.ascontiguousarray(array, np.uint8).data)


def _complete(raw: Path) -> bool:
    return all((raw / name).is_file() for name in FILES)


def _mapped(raw: Path, classes: tuple[str, ...], sha256: Sequence[str] | None) -> Arrays:
    digests = sha256 or (None,) * len(FILES)
    arrays = [read(raw / name, sha256=d) for name, d in zip(FILES, digests, strict=True)]
    return Arrays(arrays[0][:, None], arrays[1], arrays[2][:, None], arrays[3], classes)


def _obtain(
    raw: Path,
    name: str,
    folder: Path,
    sources: Mapping[str, Source],
    sha256: Sequence[str] | None,
) -> None:
    """Fills `raw` from the first source that answers; each file appears whole or not at all."""
    failures = []
    for label, source in sources.items():
        try:
            with scratch(raw) as beside:
                source(beside)
                _mapped(beside, (), sha256)
                raw.mkdir(exist_ok=True)
                for file in FILES:
                    (beside / file).replace(raw / file)
            return
        except (UnreachableError, UserError, OSError) as reason:
            failures.append(f"{label}: {reason}")
    raise UserError(
        f"{name} is not in {folder / name / 'raw'}, and no source answers "
        f"({'; '.join(failures)}). Put its four IDX files there."
    )
