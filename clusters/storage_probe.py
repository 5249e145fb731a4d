"""Checks that every node can write to the storage: a task on each leaves a file there."""

from collections.abc import Sequence

from pyarrow.fs import FileSystem, FileType

from automl_on_ray.search_spaces.core import write_bytes


def write(probe: str, name: str) -> str | None:
    """Leave a file of that name in the folder `probe`; the error, if it cannot be."""
    try:
        store, path = FileSystem.from_uri(probe)
        store.create_dir(path, recursive=True)
        write_bytes(store, f"{path}/{name}", name.encode())
    except Exception as problem:  # pyarrow has errors of several kinds for it
        return (str(problem).strip().splitlines() or [repr(problem)])[0]
    return None


def unseen(probe: str, names: Sequence[str]) -> list[str]:
    """Those whose files are not to be seen from here. The folder is removed."""
    store, path = FileSystem.from_uri(probe)
    found = [name for name in names if store.get_file_info(f"{path}/{name}").type != FileType.File]
    if store.get_file_info(path).type == FileType.Directory:
        store.delete_dir(path)
    return found
