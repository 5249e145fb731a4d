"""The settings of a study of hyperparameters, with their defaults."""

from dataclasses import dataclass
from typing import ClassVar

from automl_on_ray.command_line import hypergradient_options, options
from automl_on_ray.studies.inputs import check_image_metrics
from automl_on_ray.studies.settings import StudySettings


@dataclass(frozen=True, kw_only=True)
class HpoSettings(StudySettings):
    """What a study of hyperparameters has beside the rest: the options of `workflows/hpo.py`."""

    workflow: ClassVar[str] = "hpo"

    space: options.Space = "mnist-cnn"
    objective: options.ObjectiveText = "accuracy"
    scheduler: options.Scheduler = "asha"
    trials: options.Trials = 16
    epochs: options.Epochs = 4
    experiment: options.Experiment = "hpo"
    final_seeds: options.FinalSeeds = 3
    # No defaults here, so that studies that began before there were these options go on.
    hypergradient: hypergradient_options.Hypergradient = None
    outer_optimizer: hypergradient_options.OuterOptimizer = None
    outer_rate: hypergradient_options.OuterRate = None
    unroll: hypergradient_options.Unroll = None

    def check(self) -> None:
        super().check()
        if self.trainable is None:
            check_image_metrics(self.objective)
