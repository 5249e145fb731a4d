"""Files of trials on other data, as sources."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config, SearchSpace, contains
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers import PriorTrial, Source, meets_constraints
from automl_on_ray.studies.inputs import read_results

FILES = (".json", ".parquet", ".csv")


def is_file(word: str) -> bool:
    """Whether a word of --warm-start means a file, and no study."""
    return word.lower().endswith(FILES)


def read_source(path: Path, space: SearchSpace, metrics: Sequence[str], max_t: int) -> Source:
    """Results of a file, at `max_t`, as a source called like the file, without its suffix.

    Files are as in `read_known`; spaces may differ (`fitting`). Says how many rows do not fit.
    UserError for a file that cannot be read, and one of which nothing fits.
    """
    table = read_results(path, space, metrics)
    found, remarks = table.sifted(lambda config: fitting(space, config))
    if not found:
        raise UserError(f"No row of {path} fits space {space.name!r}, of {table.rows}{remarks}.")
    console.print(
        f"Warm start: {len(found)} of {table.rows} rows of {path} are a source{remarks}.",
        soft_wrap=True,
    )
    trials = (PriorTrial(config, {max_t: numbers}) for config, numbers in found)
    return Source(path.stem, tuple(trials))


def fitting(space: SearchSpace, config: Any) -> Config:
    """What of a config of another space today's varies: perhaps not all that a member needs.

    Constants of today and parameters that are gone are left out. UserError for a value that today's
    space does not have, and for what is no config.
    """
    if not isinstance(config, dict):
        raise UserError(f"A config must be a JSON object, but is {config!r}.")
    whole = space.active({**space.plain(config), **space.constants})
    own = {key: value for key, value in whole.items() if key in space.domains}
    for key, value in own.items():
        if not contains(space.domains[key], value):
            raise UserError(f"Config has {key}={value!r}, outside {space.domains[key].domain_str}.")
    if not own:
        raise UserError(f"Config has no parameter of space {space.name!r}.")
    if not meets_constraints(space, own):
        raise UserError(f"Config breaks a constraint of space {space.name!r}.")
    return own
