"""One small model in the place of many: a config fitted again, on all training rows."""

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables.tables.fitted import FittedPipeline
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
) -> FittedPipeline:
    """The pipeline of a config of the space `tables`, fitted on all training rows.

    `time_limit` is in seconds: models that can end early keep what they have when it is over.
    """
    settings = FitSettings(
        table.task, len(table.classes), seed=seed, threads=threads, time_limit=time_limit
    )
    return FittedPipeline.fit(config, table.features, table.answers, settings)


def single(table: Table, trial: str, fitted: FittedPipeline) -> Bagged:
    """A model with that pipeline as its only member."""
    return Bagged(
        {trial: (1.0, [fitted])}, classes=table.classes, kinds=table.kinds, formats=table.formats
    )
