"""The settings of a study of a table, with their defaults."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from automl_on_ray.command_line import options
from automl_on_ray.command_line.data_kinds import table_options as tables
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.settings import StudySettings, no_option


@dataclass(frozen=True, kw_only=True)
class AutomlSettings(StudySettings):
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
    searcher: options.Searcher = "optuna"
    scheduler: options.Scheduler = "asha"
    trials: tables.Trials = 1000
    minutes: tables.Minutes = 10.0
    max_failures: options.MaxFailures = 0  # a fit that took too long would do so again
    gpus_per_trial: options.GpusPerTrial = "0"
    experiment: options.Experiment = "automl"
    refit: tables.Refit = False

    data_dir: None = no_option()
    trainable: None = no_option()
    explore: None = no_option()
    interval: None = no_option()
    synchronous: bool = no_option(False)
    population: None = no_option()
    replay: options.ReplayFile = field(default=None, init=False, repr=False)
    limit: None = no_option()
    search_workers: int = no_option(1)
    train_workers: int = no_option(1)
    final_seeds: int = no_option(0)
    final_epochs: None = no_option()
    epochs: int = no_option(0)

    def __post_init__(self) -> None:
        """A step is a fold; the first one comes before, on a part of its rows."""
        super().__post_init__()
        object.__setattr__(self, "epochs", self.folds + 1)

    def _check_data(self) -> None:
        """UserError where there is no table; a bucket and the user's own code are asked later."""
        path = Path(self.dataset).absolute()
        if ":" not in self.dataset and not path.exists():
            raise UserError(f"There is no table at {path}.")
