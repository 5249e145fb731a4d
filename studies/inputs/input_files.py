"""Reads what a user gives in files: configs to try first, architectures."""

from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces import Config, SearchSpace, cells
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.drawings import TABLE, Form
from automl_on_ray.searchers import identity_of, varying
from automl_on_ray.studies.inputs.json_files import read_json, read_list


def read_points(path: Path | None, space: SearchSpace) -> tuple[Config, ...]:
    """A JSON list of configs, each a member of `space`; constants may be left out."""
    entries = enumerate(read_list(path), start=1)
    return tuple(member_of(space, config, f"{path}, entry {number}") for number, config in entries)


def member_of(space: SearchSpace, config: Any, where: str) -> Config:
    """A config that was read, flat. UserError, which says `where` it is, if it is no member."""
    if not isinstance(config, dict):
        raise UserError(f"{where}: a config must be a JSON object, but is {config!r}.")
    config = space.plain(config)
    try:
        check_member(space, config)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    return config


def check_member(space: SearchSpace, config: Config) -> None:
    """UserError for what is no member with today's constants, which a flat config may leave out."""
    whole = {**space.constants, **config}
    space.check(whole)
    for key, value in space.constants.items():
        if whole[key] != value:
            raise UserError(f"Config has {key}={whole[key]!r}, but the space has {value!r}.")


def read_architectures(text: str | None, space: SearchSpace) -> dict[str, Config]:
    """What varies of members of `space`, by name, separated by commas; equal ones once.

    As the space's form reads them, and JSON files of one config each, such as best_config.json:
    there other keys are not looked at.
    """
    found: dict[str, Config] = {}
    seen: set[str] = set()
    for number, word in enumerate(cells.split_words(text or ""), 1):
        for name, config in _architectures(word, number, space).items():
            if identity_of(space, config) not in seen:
                seen.add(identity_of(space, config))
                found[name] = config
    return found


def _architectures(word: str, number: int, space: SearchSpace) -> dict[str, Config]:
    form = space.form or TABLE
    if word.endswith(".json"):
        read = {word: _one_config(Path(word), form)}
    elif form.read is None:
        raise UserError(f"--cells {word}: space {space.name!r} has its members in .json files.")
    else:
        read = form.read(word, number)
    known = {}
    for name, config in read.items():
        own = {key: value for key, value in space.plain(config).items() if key in space.domains}
        try:
            _check_told(word, own, space)
            space.check(space.active({**space.constants, **own}))
        except UserError as error:
            raise UserError(f"{form.noun.capitalize()} {name}: {error}") from error
        known[name] = varying(space, own)
    return known


def _check_told(word: str, own: Config, space: SearchSpace) -> None:
    """UserError for what a cell as papers write it does not tell, but the space varies."""
    told = space.active({**space.constants, **dict.fromkeys(space.domains), **own})
    missing = [key for key in told if key in space.domains and key not in own]
    if missing and not word.endswith(".json"):
        raise UserError(
            f"it says nothing of {missing[0]!r}, which the space varies; give "
            f"--{missing[0].replace('_', '-')}, if there is such an option, or a whole config as "
            ".json."
        )


def _one_config(path: Path, form: Form) -> Config:
    config = read_json(path)
    if isinstance(config, list) and len(config) == 1:  # a study's best_config.json
        config = config[0]
    if not isinstance(config, dict):
        raise UserError(f"{path} must hold one {form.noun}'s config, a JSON object.")
    if form.check is not None:
        try:
            form.check(config)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
    return config
