"""Files of trials on other data, as sources."""

from collections.abc import Sequence
from pathlib import Path

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers import PriorTrial, Source
from automl_on_ray.studies.inputs import read_results
from automl_on_ray.studies.transfer.members import shared


def read_source(path: Path, space: SearchSpace, metrics: Sequence[str], max_t: int) -> Source:
    """Results of a file, at `max_t`, as a source with the file's name, without its suffix.

    Files are as in `read_known`, and spaces may differ (`shared`). Says how many rows do not fit.
    UserError for a file that cannot be read, and one of which nothing fits.
    """
    table = read_results(path, space, metrics)
    found, remarks = table.sifted(lambda config: shared(space, config))
    if not found:
        raise UserError(f"No row of {path} fits space {space.name!r}, of {table.rows}{remarks}.")
    console.print(
        f"Warm start: {len(found)} of {table.rows} rows of {path} are a source{remarks}.",
        soft_wrap=True,
    )
    trials = (PriorTrial(config, {max_t: numbers}) for config, numbers in found)
    return Source(path.stem, tuple(trials))
