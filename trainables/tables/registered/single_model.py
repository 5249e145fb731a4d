"""One small model in the place of many: a config fitted again, on all training rows."""

import tempfile
from pathlib import Path

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables.tables.fitted import FittedPipeline
from automl_on_ray.trainables.tables.fold_fit import Fit, fit_apart, write_rows
from automl_on_ray.trainables.tables.models import FitSettings
from automl_on_ray.trainables.tables.registered.predictor import Bagged
from automl_on_ray.trainables.tables.table import Table

LINEAR_CONFIG = {
    "model": "linear",
    "encoding": "one_hot",
    "rare_rows": 10,
    "imputation": "median",
    "missing_indicators": True,
    "scaling": "standard",
    "generation": "none",
    "selection": "none",
    "linear_c": 1.0,
    "linear_knots": 0,
}  # to compare with: what a statistician would try first


def refit(
    table: Table,
    config: Config,
    *,
    seed: int = 0,
    threads: int = 1,
    time_limit: float | None = None,
    memory_limit: int | None = None,
) -> FittedPipeline:
    """The pipeline of a config of the space `tables`, fitted on all training rows.

    It is fitted in a process of its own, within `time_limit` seconds and `memory_limit` bytes.
    Raises FitTooLong, FitTooLarge or FitFailed.
    """
    settings = FitSettings(
        table.task, len(table.classes), seed=seed, threads=threads,
        in_time=table.asked.get("time") is not None, time_limit=time_limit,
    )  # fmt: skip
    rows = np.arange(len(table.answers))
    with tempfile.TemporaryDirectory() as folder:
        data, target = Path(folder), Path(folder) / "fitted"
        write_rows(table.features, table.answers, data, groups=table.groups)
        fit_apart(Fit(config, settings, rows, rows[:1]), data, target, memory_limit=memory_limit)
        return FittedPipeline.load(target, threads=threads)


def single(table: Table, trial: str, fitted: FittedPipeline) -> Bagged:
    """A model with that pipeline as its only member."""
    return Bagged(
        {trial: (1.0, [fitted])}, classes=table.classes, kinds=table.kinds, formats=table.formats
    )
