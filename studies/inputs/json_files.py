"""Reads JSON files of the user's. Nothing heavy is imported: a wrong path is told at once."""

import json
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces.core import UserError

TABLES = (".parquet", ".csv")  # what is read as a table instead, by its file's ending


def read_list(path: Path | None) -> list[dict[str, Any]]:
    """A JSON list of objects; empty without a path."""
    if path is None:
        return []
    entries = read_json(path)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(f"{path} must hold a JSON list of objects.")
    return entries


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {error}.") from error
