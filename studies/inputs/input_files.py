"""Reads what a user gives in files: configs to try first, known results, cells."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.cells import (
    KNOWN,
    LONGEST,
    NAMES,
    check_cells,
    keys,
    parse_genotypes,
    published_cell,
    split_words,
)
from automl_on_ray.search_spaces.core import UserError, finite
from automl_on_ray.searchers import PriorTrial

GENOTYPE_FILES = (".txt", ".py", ".genotype")


def read_points(path: Path | None, space: SearchSpace) -> tuple[Config, ...]:
    """A JSON list of configs, each a member of `space`; constants may be left out."""
    entries = enumerate(read_list(path), start=1)
    return tuple(_member(space, config, f"{path}, entry {number}") for number, config in entries)


def read_known(
    path: Path | None, space: SearchSpace, max_t: int, metrics: Sequence[str]
) -> tuple[PriorTrial, ...]:
    """A JSON list of {"config": ..., "metrics": ...}, the latter at `max_t`.

    Configs are as in `read_points`. Each entry must have all of `metrics` as finite numbers, which
    may be written as in an objective, "accuracy" for "val_accuracy". UserError names the entry.
    """
    known = []
    for number, entry in enumerate(read_list(path), start=1):
        where = f"{path}, entry {number}"
        if set(entry) != {"config", "metrics"} or not isinstance(entry["metrics"], dict):
            raise UserError(f'{where} must be {{"config": ..., "metrics": ...}}.')
        numbers = {name: _number(entry["metrics"], name, where) for name in metrics}
        known.append(PriorTrial(_member(space, entry["config"], where), {max_t: numbers}))
    return tuple(known)


def _number(metrics: Mapping[str, Any], name: str, where: str) -> float:
    short = name.removeprefix("val_")
    found = metrics.get(name, metrics.get(short))
    if name not in metrics and short not in metrics:
        there = f"only {', '.join(metrics)}" if metrics else "none"
        raise UserError(f"{where} has no metric {name!r}, {there}.")
    number = finite(found)
    if number is None:
        raise UserError(f"{where}: {name} must be a finite number, but is {found!r}.")
    return number


def read_cells(text: str | None, space: SearchSpace) -> dict[str, Config]:
    """Cells by name, separated by commas; equal ones once.

    Published ones, genotypes, files of these, and JSON files of one cell's config.
    """
    found: dict[str, Config] = {}
    for number, word in enumerate(split_words(text or ""), 1):
        for name, cell in _cells(word, number).items():
            if cell not in found.values():
                found[name] = cell
    for word, cell in found.items():
        try:
            space.check({**space.constants, **cell})
        except UserError as error:
            raise UserError(f"Cell {word}: {error}") from error
    return found


def _cells(word: str, number: int) -> dict[str, Config]:
    if "Genotype" in word and "(" in word:
        cells = parse_genotypes(word, f"Cell {number}")
        return {f"genotype {number}" + f":{name}" * (len(cells) > 1): cells[name] for name in cells}
    file, _, chosen = word.partition(":")
    if Path(file).suffix in GENOTYPE_FILES:
        return _genotypes(Path(file), chosen)
    if word.startswith("|"):
        raise UserError(
            f"{word} is an architecture of NAS-Bench-201; --cells takes cells of DARTS's space."
        )
    return {word: _cell(word)}


def _genotypes(path: Path, chosen: str) -> dict[str, Config]:
    """All of a file, or the one that is assigned to the name `chosen`."""
    try:
        with path.open() as file:
            text = file.read(LONGEST + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UserError(f"{path} is not text: {error}.") from error
    cells = parse_genotypes(text, str(path), chosen)
    if len(cells) == 1 and not chosen:
        return {str(path): cell for cell in cells.values()}
    return {f"{path}:{name}": cell for name, cell in cells.items()}


def _cell(word: str) -> Config:
    if not word.endswith(".json"):
        if word not in NAMES:
            raise UserError(
                f"Unknown cell {word!r}: neither a published one ({', '.join(NAMES)}) nor a "
                f".json, nor a genotype, nor a file of genotypes ({', '.join(GENOTYPE_FILES)})."
            )
        return published_cell(word)
    path = Path(word)
    config = _read_json(path)
    if not isinstance(config, dict):
        raise UserError(f"{path} must hold one cell's config, a JSON object.")
    try:
        check_cells(config, KNOWN)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    known = dict(keys())
    return {key: value for key, value in config.items() if key in known}


def read_list(path: Path | None) -> list[dict[str, Any]]:
    """A JSON list of objects; empty without a path."""
    if path is None:
        return []
    entries = _read_json(path)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(f"{path} must hold a JSON list of objects.")
    return entries


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {error}.") from error


def _member(space: SearchSpace, config: Any, where: str) -> Config:
    if not isinstance(config, dict):
        raise UserError(f"{where}: a config must be a JSON object, but is {config!r}.")
    config = space.plain(config)
    try:
        whole = {**space.constants, **config}
        space.check(whole)
        for key, value in space.constants.items():
            if whole[key] != value:
                raise UserError(f"Config has {key}={whole[key]!r}, but the space has {value!r}.")
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    return config
