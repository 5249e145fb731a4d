"""What the trials that did all folds have left: held-out predictions and fold models."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from automl_on_ray.clusters import Stage
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.studies.finish import newest_checkpoints
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.trainables.tables import (
    Bagged,
    FittedPipeline,
    Table,
    read_progress,
    select,
)

MOST = 30  # trials to select from, the best ones


class WholeTrials:
    """`rows` are those of whole trials of the search `stage`, the best first.

    Checkpoints in a bucket are fetched, until it exits. One that cannot be read is left out, with a
    warning.
    """

    def __init__(self, table: Table, stage: Stage, rows: Sequence[Row]) -> None:
        self._table = table
        self._kept = newest_checkpoints(stage, [row.trial_id for row in rows[:MOST]])
        self._ends = ExitStack()
        self._folders: dict[str, Path] = {}
        self._predictions: dict[str, np.ndarray] = {}

    def __enter__(self) -> "WholeTrials":
        for trial, checkpoint in self._kept.items():
            try:
                folder = Path(self._ends.enter_context(checkpoint.as_directory()))
                self._predictions[trial] = read_progress(folder).predictions
                self._folders[trial] = folder
            except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
                warn(f"The checkpoint of trial {trial} cannot be read, so it is left out: {error}")
        return self

    def __exit__(self, *error: object) -> None:
        self._ends.close()

    @property
    def ids(self) -> list[str]:
        """The best first."""
        return list(self._folders)

    def weights(self, metric: str, seed: int) -> dict[str, float]:
        """By id, of those whose weighted mean is best on held-out rows."""
        return select(self._predictions, self._table.answers, loss=metric, seed=seed)

    def bagged(self, weights: Mapping[str, float]) -> Bagged:
        """The weighted mean of what the trials' fold models say."""
        members = {trial: (weight, self._fold_models(trial)) for trial, weight in weights.items()}
        table = self._table
        return Bagged(members, classes=table.classes, kinds=table.kinds, formats=table.formats)

    def _fold_models(self, trial: str) -> list[FittedPipeline]:
        return [FittedPipeline.load(one) for one in sorted(self._folders[trial].glob("fold_*"))]
