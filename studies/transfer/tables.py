"""Files of trials on other data, as sources."""

from pathlib import Path

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers import PriorTrial, SearcherSettings, Source
from automl_on_ray.searchers.ax import metric_names
from automl_on_ray.studies.inputs import read_results
from automl_on_ray.studies.transfer.members import best_and_spread, shared


def read_source(path: Path, settings: SearcherSettings, most: int) -> Source:
    """Results of a file, at `max_t`, as a source with the file's name, without its suffix.

    Files are as in `read_known`, and spaces may differ (`shared`). Says how many rows do not fit.
    At most so many trials are taken, as `best_and_spread` does. UserError for a file that cannot be
    read, and one of which nothing fits.
    """
    space, objective = settings.space, settings.objectives[0]
    table = read_results(path, space, list(metric_names(settings)))
    found, remarks = table.sifted(lambda config: shared(space, config))
    if not found:
        raise UserError(f"No row of {path} fits space {space.name!r}, of {table.rows}{remarks}.")
    kept = best_and_spread(found, lambda one: objective.sign() * one[1][objective.metric], most)
    console.print(
        f"Warm start: {len(found)} of {table.rows} rows of {path} fit{remarks}; "
        f"{len(kept)} are a source.",
        soft_wrap=True,
    )
    trials = (PriorTrial(config, {settings.max_t: numbers}) for config, numbers in kept)
    return Source(path.stem, tuple(trials))
