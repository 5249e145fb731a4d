"""The settings of studies by folds: what they have otherwise than others, and what they lack."""

from dataclasses import dataclass, field

from automl_on_ray.command_line import options
from automl_on_ray.studies.inputs import check_fold_scheduler
from automl_on_ray.studies.settings import StudySettings, no_option


@dataclass(frozen=True, kw_only=True)
class FoldSettings(StudySettings):
    """A trial's steps are folds of one config, which is made anew in the end without a training."""

    searcher: options.Searcher = "optuna"
    scheduler: options.Scheduler = "asha"
    max_failures: options.MaxFailures = 0  # a fit that has failed would do so again
    gpus_per_trial: options.GpusPerTrial = "0"

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

    @property
    def steps(self) -> int:
        """Of a trial."""
        raise NotImplementedError

    def _check_methods(self) -> None:
        check_fold_scheduler(self.scheduler)
        super()._check_methods()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "epochs", self.steps)
