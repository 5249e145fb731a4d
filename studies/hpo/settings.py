"""The settings of a study of hyperparameters, with their defaults."""

from dataclasses import dataclass
from typing import ClassVar

from automl_on_ray.command_line import options
from automl_on_ray.studies.settings import StudySettings


@dataclass(frozen=True, kw_only=True)
class HpoSettings(StudySettings):
    """What a study of hyperparameters has beside the rest: the options of `workflows/hpo.py`."""

    workflow: ClassVar[str] = "hpo"

    trainable: options.Trainable = None
    space: options.Space = "mnist-cnn"
    objective: options.ObjectiveText = "accuracy"
    scheduler: options.Scheduler = "asha"
    trials: options.Trials = 16
    epochs: options.Epochs = 4
    experiment: options.Experiment = "hpo"
    final_seeds: options.FinalSeeds = 3

    def modules_named(self) -> list[str]:
        return [*super().modules_named(), (self.trainable or "").partition(":")[0]]
