"""The held-out answers of trials that did all folds, out of their checkpoints."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from automl_on_ray.clusters import Stage
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.studies.finish import newest_checkpoints
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.trainables.folds import read_folds
from automl_on_ray.trainables.series_classes import PROBABILITIES

MOST = 30  # trials to select from, the best ones


def held_out_answers(stage: Stage, rows: Sequence[Row]) -> dict[str, list[np.ndarray]]:
    """By trial, the best first: fold by fold (series, classes) probabilities.

    `rows` are those of whole trials of the search `stage`. A checkpoint that cannot be read is left
    out, with a warning.
    """
    found: dict[str, list[np.ndarray]] = {}
    kept = newest_checkpoints(stage, [row.trial_id for row in rows[:MOST]])
    for trial, checkpoint in kept.items():
        try:
            with checkpoint.as_directory() as folder:
                done = read_folds(Path(folder))
            found[trial] = [arrays[PROBABILITIES] for arrays in done.arrays]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            warn(f"The checkpoint of trial {trial} cannot be read, so it is left out: {error}")
    return found
