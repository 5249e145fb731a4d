"""Reads results of trials that a user has in files: lists in JSON, tables of other tools."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError, finite
from automl_on_ray.searchers import PriorTrial, meets_constraints, varying
from automl_on_ray.studies.inputs.input_files import check_member, member_of
from automl_on_ray.studies.inputs.json_files import TABLES, read_list
from automl_on_ray.studies.inputs.trial_tables import Results, TrialTable, read_trials


def read_known(
    paths: Sequence[str] | None, space: SearchSpace, max_t: int, metrics: Sequence[str]
) -> tuple[PriorTrial, ...]:
    """Results at `max_t`, of files in JSON, Parquet or CSV.

    A JSON list of {"config": ..., "metrics": ...} has configs as in `read_points`, and each entry
    must have all of `metrics` as finite numbers, which may be written as in an objective,
    "accuracy" for "val_accuracy". UserError names the entry. Rows of tables (`read_trials`) may lie
    outside of the space, but not all of them; how many do is said.
    """
    found: Results = []
    for path in map(Path, paths or ()):
        if path.suffix.lower() in TABLES:
            found += _members(path, space, metrics)
        else:
            found += [
                (member_of(space, config, where), numbers)
                for where, config, numbers in _entries(path, metrics)
            ]
    return tuple(PriorTrial(config, {max_t: numbers}) for config, numbers in found)


def read_results(path: Path, space: SearchSpace, metrics: Sequence[str]) -> TrialTable:
    """Of a file as in `read_known`, whether or not they are of members of `space`."""
    if path.suffix.lower() in TABLES:
        return read_trials(path, space, metrics)
    entries = [(config, numbers) for _, config, numbers in _entries(path, metrics)]
    return TrialTable(len(entries), entries, ())


def _members(path: Path, space: SearchSpace, metrics: Sequence[str]) -> Results:
    """Rows of a table that are members of the space."""
    table = read_trials(path, space, metrics)
    found, remarks = table.sifted(lambda config: _member(space, config))
    if not found:
        raise UserError(f"No row of {path} can be learned from, of {table.rows}{remarks}.")
    console.print(
        f"Known to the searcher: {len(found)} of {table.rows} rows of {path}{remarks}.",
        soft_wrap=True,
    )
    return found


def _member(space: SearchSpace, config: Config) -> Config:
    """What varies of it. UserError if it is none."""
    whole = space.active({**space.constants, **config})
    check_member(space, whole)
    if not meets_constraints(space, whole):
        raise UserError(f"Config breaks a constraint of space {space.name!r}.")
    return varying(space, whole)


def _entries(path: Path, metrics: Sequence[str]) -> list[tuple[str, Any, dict[str, float]]]:
    """Where each is, its config as it was read, and its metrics."""
    found = []
    for number, entry in enumerate(read_list(path), start=1):
        where = f"{path}, entry {number}"
        if set(entry) != {"config", "metrics"} or not isinstance(entry["metrics"], dict):
            raise UserError(f'{where} must be {{"config": ..., "metrics": ...}}.')
        if not isinstance(entry["config"], dict):
            raise UserError(f"{where}: a config must be a JSON object, but is {entry['config']!r}.")
        numbers = {name: _number(entry["metrics"], name, where) for name in metrics}
        found.append((where, entry["config"], numbers))
    return found


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
