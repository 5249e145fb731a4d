"""Files a user hands to a study: configs to try first, and results known beforehand."""

import json
from pathlib import Path
from typing import Any

from search_spaces._errors import UserError
from search_spaces._space import Config, SearchSpace


def read_points(path: Path | None, space: SearchSpace) -> tuple[Config, ...]:
    """A JSON list of configs, each a member of `space`; constants may be left out."""
    return tuple(_member(space, config, path) for config in _read_list(path))


def read_known(
    path: Path | None, space: SearchSpace
) -> tuple[tuple[Config, dict[str, float]], ...]:
    """A JSON list of {"config": ..., "metrics": ...}; configs as in `read_points`."""
    known = []
    for entry in _read_list(path):
        if set(entry) != {"config", "metrics"} or not isinstance(entry["metrics"], dict):
            raise UserError(f'{path}: each entry must be {{"config": ..., "metrics": ...}}.')
        known.append((_member(space, entry["config"], path), entry["metrics"]))
    return tuple(known)


def _read_list(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    try:
        entries = json.loads(path.read_text())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON: {error}.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(f"{path} must hold a JSON list of objects.")
    return entries


def _member(space: SearchSpace, config: Config, path: Path | None) -> Config:
    try:
        space.check({**space.constants, **config})
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    return config
