"""Checkpoints of simulated trials, as far as Ray's code and schedulers look at them."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import cloudpickle
import pyarrow.fs


@dataclass(frozen=True)
class SimulatedProgress:
    """A trial's state after so many iterations."""

    iteration: int
    seconds: float
    state: Any


_disks: WeakValueDictionary[str, "SimulatedStorage"] = WeakValueDictionary()


class SimulatedStorage:
    """Checkpoints by path; what is not there when it is needed raises KeyError. Survives a kill."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, bytes] = {}
        self.most = 0
        _disks[name] = self

    def __reduce__(self) -> Any:
        return _disk_of, (self.name,)

    def write(self, path: str, progress: SimulatedProgress) -> None:
        self.files[path] = cloudpickle.dumps(progress)
        self.most = max(self.most, len(self.files))

    def read(self, path: str) -> SimulatedProgress:
        progress: SimulatedProgress = cloudpickle.loads(self.files[path])
        return progress

    # As Ray asks a file system

    def get_file_info(self, path: str) -> pyarrow.fs.FileInfo:
        kinds = pyarrow.fs.FileType
        return pyarrow.fs.FileInfo(path, kinds.File)

    def delete_file(self, path: str) -> None:
        self.files.pop(path, None)  # a killed study may have deleted it, and not have known


def _disk_of(name: str) -> SimulatedStorage:
    return _disks[name]


@dataclass
class Held:
    """A checkpoint, as far as schedulers look at one."""

    path: str
    filesystem: SimulatedStorage
