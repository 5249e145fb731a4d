"""The settings of a study of a recommender, with their defaults."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from automl_on_ray.command_line import options
from automl_on_ray.command_line.data_kinds import recommend_options as recommend
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.folds import FoldSettings

NAMED = ("movielens-100k",)  # sets that have their own columns


@dataclass(frozen=True, kw_only=True)
class RecommendSettings(FoldSettings):
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
    trials: recommend.Trials = 1000
    minutes: recommend.Minutes = 5.0
    experiment: options.Experiment = "recommend"

    @property
    def steps(self) -> int:
        """A step is a fold."""
        return self.folds

    def _check_data(self) -> None:
        """UserError for columns and files that there are not; a bucket is asked later."""
        if self.dataset in NAMED:
            return
        path = Path(self.dataset).absolute()
        if ":" not in self.dataset and not path.exists():
            raise UserError(
                f"There are no events at {path}, and no set of that name; "
                f"there are: {', '.join(NAMED)}."
            )
