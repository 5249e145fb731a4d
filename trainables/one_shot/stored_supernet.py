"""A trained supernet as it is stored: the checkpoint of a trial, in a folder or in a bucket."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow.fs
from pyarrow.fs import FileType

from automl_on_ray.search_spaces.core import UserError, check_no_credentials, is_uri
from automl_on_ray.trainables._torch_trainable import STATE_FILE, read_state


def find_supernet(place: str) -> dict[str, Any]:
    """The state in the checkpoint folder `place`, a path or URI, on the CPU; it runs no code.

    UserError, one line, where there is none or it cannot be read.
    """
    try:
        files, folder = _opened(place)
        found = files.get_file_info(f"{folder}/{STATE_FILE}").type == FileType.File
        if found:
            with tempfile.TemporaryDirectory() as here:
                part = Path(here) / STATE_FILE
                with (
                    files.open_input_stream(f"{folder}/{STATE_FILE}") as source,
                    part.open("wb") as to,
                ):
                    while block := source.read(1 << 20):
                        to.write(block)
                state = read_state(here)
    except (
        OSError,
        RuntimeError,
        ValueError,
    ) as error:  # torch raises RuntimeError for half a file
        raise UserError(f"The trained supernet in {place} cannot be read: {error}") from error
    if not found:
        raise UserError(
            f"The trained supernet is not in {place}, so no cell can inherit its weights: it was "
            "removed, or this machine does not see the study's storage. --fresh trains it anew."
        )
    return state


def _opened(place: str) -> tuple[pyarrow.fs.FileSystem, str]:
    if not is_uri(place):
        return pyarrow.fs.LocalFileSystem(), place
    check_no_credentials(place, "A supernet's place")
    files, path = pyarrow.fs.FileSystem.from_uri(place)
    return files, path
