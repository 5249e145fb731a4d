"""Everything that a person may ask of a study of hyperparameters, and what holds if not asked."""

from dataclasses import dataclass
from typing import get_type_hints

from automl_on_ray.command_line import options
from automl_on_ray.search_spaces.core import check_ranges


@dataclass(frozen=True)
class HpoSettings:
    """One field an option of `workflows/hpo.py`. UserError for a number out of its range."""

    dataset: options.Dataset = "mnist"
    data_dir: options.DataDir = None
    subset: options.Subset = None
    trainable: options.Trainable = None
    space: options.Space = "mnist-cnn"
    objective: options.ObjectiveText = "accuracy"
    seed: options.Seed = 0

    searcher: options.Searcher = "bayesian"
    scheduler: options.Scheduler = "asha"
    explore: options.Explore = None
    interval: options.Interval = None
    synchronous: options.Synchronous = False
    population: options.Population = None
    replay: options.ReplayFile = None
    acquisition: options.Acquisition = None
    beta: options.Beta = None
    outcome_constraint: options.OutcomeConstraint = None
    try_first: options.TryFirst = None
    known: options.Known = None
    warm_start: options.WarmStart = None

    trials: options.Trials = 16
    epochs: options.Epochs = 4
    minutes: options.Minutes = None
    trial_minutes: options.TrialMinutes = None
    cost: options.Cost = None
    price_per_hour: options.PricePerHour = None

    slots: options.Slots = None
    cpus_per_trial: options.CpusPerTrial = None
    gpus_per_trial: options.GpusPerTrial = None
    address: options.Address = None
    max_failures: options.MaxFailures = 1

    name: options.Name = None
    fresh: options.Fresh = False
    retry_failed: options.RetryFailed = False
    storage: options.Storage = "runs"
    trust_storage: options.TrustStorage = False
    tracking_uri: options.TrackingUri = None
    experiment: options.Experiment = "hpo"

    final_seeds: options.FinalSeeds = 3
    final_epochs: options.FinalEpochs = None
    train_workers: options.TrainWorkers = 1
    register: options.Register = None

    def __post_init__(self) -> None:
        check_ranges(get_type_hints(type(self), include_extras=True), vars(self))

    @property
    def epochs_of_final(self) -> int:
        return self.epochs if self.final_epochs is None else self.final_epochs
