"""What a study takes on the disk, and for what. Links are not followed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKPOINT = "checkpoint_"  # how Ray begins the names of checkpoints' folders


@dataclass(frozen=True)
class DiskUse:
    """In bytes. `rest` is all else: Ray's states and logs of trials, pictures, what was found."""

    checkpoints: int
    journal: int
    rest: int

    @property
    def total(self) -> int:
        return self.checkpoints + self.journal + self.rest


def disk_use(study: Path) -> DiskUse:
    checkpoints = journal = rest = 0
    for file, size in _files(study):
        parts = file.relative_to(study).parts[:-1]
        if any(part.startswith(CHECKPOINT) for part in parts):
            checkpoints += size
        elif parts[:1] == ("journal",):
            journal += size
        else:
            rest += size
    return DiskUse(checkpoints, journal, rest)


def size_of(folder: Path) -> int:
    return sum(size for _, size in _files(folder))


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Those of a study that runs may go meanwhile."""
    for parent, _, names in os.walk(folder):
        for name in names:
            file = Path(parent, name)
            try:
                yield file, file.lstat().st_size
            except OSError:
                continue


def in_bytes(count: float) -> str:
    """`1.2 GB`; in thousands, as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
