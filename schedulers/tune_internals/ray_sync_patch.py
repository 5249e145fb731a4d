"""Makes Ray copy only those of its own files to the storage that have changed.

Ray itself copies the whole folder of an experiment each time, files of trials that ended long ago
too: to a bucket 21 requests for each trial there ever was, and Tune's loop may wait for the end.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pyarrow.fs import FileSystem
from ray.train._internal.storage import _FilesystemSyncer

from automl_on_ray.search_spaces.core import Version, has_folders, send_file, version_of

MAX_UPLOADS_AT_ONCE = 16  # a bucket makes each wait


class Sent(dict[str, Version]):
    """Of each file, which version was sent; this process alone knows.

    Ray copies all that a trial knows of the storage for each new trial, and saves it with each:
    what is on the way too, of which this is a part. A copy is empty.
    """

    def __reduce__(self) -> tuple[type["Sent"], tuple[()]]:
        return Sent, ()


_rays_command = _FilesystemSyncer._sync_up_command
_sent: WeakKeyDictionary[_FilesystemSyncer, Sent] = WeakKeyDictionary()


@contextmanager
def changes_only() -> Iterator[None]:
    """Within it Ray's copies are made so, in this process.

    Its own class stays, as trials get it and states that are saved name it.
    """
    _FilesystemSyncer._sync_up_command = _command  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        _FilesystemSyncer._sync_up_command = _rays_command  # type: ignore[method-assign]


def _command(
    syncer: _FilesystemSyncer, local_path: str, uri: str, exclude: list[str] | None = None
) -> tuple[Any, dict[str, Any]]:
    """What Ray runs in a thread, and waits for before the next one."""
    if exclude or not os.path.isdir(local_path):
        return _rays_command(syncer, local_path, uri, exclude)
    sent = _sent.setdefault(syncer, Sent())
    where = {"folder": Path(local_path), "files": syncer.storage_filesystem, "target": uri}
    return upload, {**where, "sent": sent}


def upload(folder: Path, files: FileSystem, target: str, sent: Sent) -> None:
    """Have `target` hold what `folder` does, if it holds what was `sent`, which is kept up.

    What cannot be sent is raised, and tried again the next time.
    """
    changed = {path: seen for path, seen in _files_of(folder) if sent.get(path) != seen}
    if has_folders(files):
        for place in {os.path.dirname(path) for path in changed}:
            files.create_dir(f"{target}/{place}")

    def send(path: str) -> None:
        send_file(folder / path, files, f"{target}/{path}")
        sent[path] = changed[path]  # as it was before: it may have grown since

    with ThreadPoolExecutor(MAX_UPLOADS_AT_ONCE) as pool:
        list(pool.map(send, changed))


def _files_of(folder: Path) -> Iterator[tuple[str, Version]]:
    """All files below, with what tells a change."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            try:
                version = version_of(Path(path))
            except FileNotFoundError:  # one of the moment
                continue
            yield os.path.relpath(path, folder), version
