"""The settings of a study of a table, with their defaults."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from automl_on_ray.command_line import options
from automl_on_ray.command_line.data_kinds import table_options as tables
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folds import FoldSettings


@dataclass(frozen=True, kw_only=True)
class AutomlSettings(FoldSettings):
    """What a study of a table has beside the rest: the options of `workflows/automl.py`."""

    workflow: ClassVar[str] = "automl"

    dataset: tables.Table = field()
    target: tables.Target
    task: tables.Task = None
    time: tables.Time = None
    group: tables.Group = None
    folds: tables.Folds = 5
    subset: tables.Subset = None
    objective: tables.ObjectiveText = None

    space: tables.Space = "tables"
    portfolio: tables.Portfolio = True
    trials: tables.Trials = 1000
    minutes: tables.Minutes = 10.0
    experiment: options.Experiment = "automl"
    refit: tables.Refit = False

    @property
    def steps(self) -> int:
        """A step is a fold; the first one comes before, on a part of its rows."""
        return self.folds + 1

    def _check_data(self) -> None:
        """UserError where there is no table; a bucket and the user's own code are asked later."""
        path = Path(self.dataset).absolute()
        if ":" not in self.dataset and not path.exists():
            raise UserError(f"There is no table at {path}.")
