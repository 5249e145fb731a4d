"""The settings of a study of labelled series, with their defaults."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from automl_on_ray.command_line import options
from automl_on_ray.command_line.data_kinds import series_options as own
from automl_on_ray.search_spaces.core import UserError, near_miss
from automl_on_ray.studies.folds import FoldSettings
from automl_on_ray.trainables.series_classes import SETS


@dataclass(frozen=True, kw_only=True)
class SeriesSettings(FoldSettings):
    """What a study of series has beside the rest: the options of `workflows/classify_series.py`."""

    workflow: ClassVar[str] = "classify-series"

    dataset: own.Data = field()
    test_data: own.TestData = None
    label: own.Label = "label"
    series: own.Series = None
    time: own.Time = None
    folds: own.Folds = 5
    subset: own.Subset = None
    objective: own.ObjectiveText = "accuracy"

    space: own.Space = "series"
    trials: own.Trials = 1000
    minutes: own.Minutes = 10.0
    experiment: options.Experiment = "series"

    @property
    def steps(self) -> int:
        """A step is a fold."""
        return self.folds

    def _check_data(self) -> None:
        """UserError for data that there are not; a bucket is asked later."""
        if self.dataset in SETS and self.test_data is not None:
            raise UserError(f"{self.dataset} has its own test part; leave --test-data out.")
        if self.time is not None and self.series is None:
            raise UserError("--time orders the rows of a long table: give --series too.")
        for given in (self.dataset, self.test_data):
            if given is None or given in SETS or ":" in given:  # in a bucket, or of the program
                continue
            path = Path(given).expanduser().absolute()
            if not path.exists():
                raise UserError(
                    f"There are no series at {path}.{near_miss(given, SETS)} Names are "
                    f"{', '.join(SETS)}."
                )
