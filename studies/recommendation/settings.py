"""The settings of a study of a recommender, with their defaults."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from automl_on_ray.command_line import options
from automl_on_ray.command_line.data_kinds import recommend_options as recommend
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.settings import StudySettings, no_option

NAMED = ("movielens-100k",)  # sets that have their own columns


@dataclass(frozen=True, kw_only=True)
class RecommendSettings(StudySettings):
    """What a study of a recommender has beside the rest: the options of `workflows/recommend.py`.

    A step of a trial is a fold.
    """

    workflow: ClassVar[str] = "recommend"

    dataset: recommend.Events = field()
    user: recommend.User = None
    item: recommend.Item = None
    time: recommend.Time = None
    rating: recommend.Rating = None
    split: recommend.Split = "time"
    folds: recommend.Folds = 3
    core: recommend.Core = None
    subset: recommend.Subset = None
    objective: recommend.ObjectiveText = "ndcg"

    space: recommend.Space = "recommend"
    baselines: recommend.Baselines = True
    searcher: options.Searcher = "optuna"
    scheduler: options.Scheduler = "asha"
    trials: recommend.Trials = 1000
    minutes: recommend.Minutes = 5.0
    max_failures: options.MaxFailures = 0  # a fit that took too much would do so again
    gpus_per_trial: options.GpusPerTrial = "0"
    experiment: options.Experiment = "recommend"

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
        super().__post_init__()
        object.__setattr__(self, "epochs", self.folds)

    def _check_data(self) -> None:
        """UserError for columns and files that there are not; a bucket is asked later."""
        if self.dataset in NAMED:
            return
        for option in ("user", "item"):
            if getattr(self, option) is None:
                raise UserError(f"Say which column has the {option}: --{option} NAME.")
        path = Path(self.dataset).absolute()
        if ":" not in self.dataset and not path.exists():
            raise UserError(
                f"There are no events at {path}, and no set of that name; "
                f"there are: {', '.join(NAMED)}."
            )
