"""Files from the network: checked, with progress, and given up soon where there is none."""

import gzip
import hashlib
import http.client
import urllib.request
import zlib
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from automl_on_ray.search_spaces.core import Terminal

PATIENCE = 5.0  # seconds without an answer or a byte
BLOCK = 1 << 18


class UnreachableError(Exception):
    """A source did not give what it should; the next one may."""


def fetch(urls: Sequence[str], target: Path, *, md5: str) -> None:
    """The file at the first of `urls` that has it; UnreachableError with the last reason."""
    reason: Exception = UnreachableError("no address is known")
    for url in urls:
        try:
            _fetch(url, target, md5)
            return
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error
            target.unlink(missing_ok=True)
    raise UnreachableError(str(reason)) from reason


def fetch_idx(torchvision_name: str, folder: Path, names: Sequence[str]) -> None:
    """The files `names` of torchvision's MNIST or FashionMNIST into `folder`, unpacked."""
    from torchvision import datasets  # takes seconds to import: only who downloads pays

    known = getattr(datasets, torchvision_name)
    digests = dict(known.resources)
    for name in names:
        packed = folder / f"{name}.gz"
        urls = [mirror + packed.name for mirror in known.mirrors]
        fetch(urls, packed, md5=digests[packed.name])
        try:
            (folder / name).write_bytes(gzip.decompress(packed.read_bytes()))
        except (OSError, EOFError, zlib.error) as error:
            raise UnreachableError(f"{packed.name} cannot be unpacked: {error}") from error


def _fetch(url: str, target: Path, md5: str) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0"})
    with (
        urllib.request.urlopen(request, timeout=PATIENCE) as answer,
        target.open("wb") as file,
        Progress(console=Terminal(stderr=True), transient=True) as progress,
    ):
        total = int(answer.headers.get("Content-Length") or 0) or None
        task = progress.add_task(f"Downloading {target.name}", total=total)
        while block := answer.read(BLOCK):
            file.write(block)
            digest.update(block)
            progress.advance(task, len(block))
    if digest.hexdigest() != md5:
        raise ValueError(f"what came from there is not the original {target.name} (MD5 differs)")
