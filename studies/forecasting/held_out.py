"""What the trials that did all origins have left: forecasts of steps that were held out."""

from collections.abc import Mapping, Sequence
from zipfile import BadZipFile

import numpy as np

from automl_on_ray.clusters import Stage
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.studies.finish import newest_checkpoints
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.trainables.folds import read_folds
from automl_on_ray.trainables.forecasting import FORECASTS

MOST = 30  # trials to select from, the best ones
UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile)


def held_out_forecasts(stage: Stage, rows: Sequence[Row]) -> Mapping[str, tuple[np.ndarray, ...]]:
    """By trial, the best first: of each fold (series in it, horizon, levels).

    `rows` are those of whole trials of the search `stage`, the best first. One whose checkpoint
    cannot be read is left out, with a warning.
    """
    found = {}
    for trial, checkpoint in newest_checkpoints(stage, [r.trial_id for r in rows[:MOST]]).items():
        try:
            with checkpoint.as_directory() as folder:
                done = read_folds(folder)
            found[trial] = tuple(arrays[FORECASTS] for arrays in done.arrays)
        except UNREADABLE as error:
            warn(f"The checkpoint of trial {trial} cannot be read, so it is left out: {error}")
    return found
