"""What a user may call a data set. Nothing heavy is imported: a wrong name is told at once."""

import os
from pathlib import Path

from automl_on_ray.search_spaces.core import UserError, choices, is_uri, module_of

ROOM = "trainables.datasets"


def is_path(name_or_path: str) -> bool:
    """Whether this means the user's own data, a URI too, rather than a name; names win."""
    if name_or_path.replace("_", "-") in choices(ROOM):
        return False
    written_as_path = "/" in name_or_path or os.sep in name_or_path
    return written_as_path or Path(name_or_path).suffix != "" or Path(name_or_path).exists()


def check_dataset(name_or_path: str) -> None:
    """UserError for a name or path that there is not; what is at a URI is not looked for."""
    if not is_path(name_or_path):
        module_of(ROOM, name_or_path, kind="data set")
    elif not is_uri(name_or_path):
        check_there(Path(name_or_path).expanduser().absolute())


def check_there(path: Path) -> None:
    """UserError if nothing is at `path`."""
    if not path.exists():
        raise UserError(f"There is no data at {path}.")
