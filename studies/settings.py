"""The settings that all studies have, with their defaults."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, get_type_hints

from automl_on_ray.clusters import check_asked
from automl_on_ray.command_line import options, refuse_brought_values
from automl_on_ray.search_spaces.core import check_ranges
from automl_on_ray.studies.inputs import (
    check_budget,
    check_heeded,
    check_own_code,
    check_pair,
    check_words,
)
from automl_on_ray.trainables.datasets import check_dataset


def no_option(value: Any = None) -> Any:
    """A setting of other kinds of studies, which is always `value` in this one."""
    return field(default=value, init=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """One field an option of the command. UserError for a number out of its range.

    Each option's declaration says what another value means to a resumed study.
    """

    workflow: ClassVar[str]

    dataset: options.Dataset = "mnist"
    data_dir: options.DataDir = None
    subset: options.Subset = None
    trainable: options.Trainable = None
    space: options.Space | None
    seed: options.Seed = 0

    searcher: options.Searcher = "bayesian"
    scheduler: options.Scheduler
    explore: options.Explore = None
    interval: options.Interval = None
    synchronous: options.Synchronous = False
    population: options.Population = None
    replay: options.ReplayFile = None
    acquisition: options.Acquisition = None
    beta: options.Beta = None
    prior: options.Prior = None
    limit: options.Limit = None
    outcome_constraint: options.OutcomeConstraint = None
    try_first: options.TryFirst = None
    known: options.Known = None
    warm_start: options.WarmStart = None

    epochs: options.Epochs
    minutes: options.Minutes = None
    trial_minutes: options.TrialMinutes = None
    cost: options.Cost = None
    price_per_hour: options.PricePerHour = None

    slots: options.Slots = None
    cpus_per_trial: options.CpusPerTrial = None
    gpus_per_trial: options.GpusPerTrial = None
    search_workers: options.SearchWorkers = 1
    address: options.Address = None
    max_failures: options.MaxFailures = 1

    name: options.Name = None
    fresh: options.Fresh = False
    retry_failed: options.RetryFailed = False
    storage: options.Storage = "runs"
    trust_storage: options.TrustStorage = False
    tracking_uri: options.TrackingUri = None
    experiment: options.Experiment

    final_seeds: options.FinalSeeds
    final_epochs: options.FinalEpochs = None
    train_workers: options.TrainWorkers = 1
    register: options.Register = None

    notify: options.Notify = None

    def __post_init__(self) -> None:
        check_ranges(get_type_hints(type(self), include_extras=True), vars(self))
        refuse_brought_values(vars(self))

    def check(self) -> None:
        """UserError for names, choices and files that there are not, and for more than there is.

        It needs neither Ray nor torch, but for what the user's own code imports.
        """
        check_words(vars(self))
        check_budget(cost=self.cost, price_per_hour=self.price_per_hour)
        self._check_data()
        self._check_methods()
        check_asked(cpus=self.cpus_per_trial, gpus=self.gpus_per_trial, address=self.address)
        check_own_code(vars(self))

    def _check_data(self) -> None:
        """UserError for data that there are not. A trainable of the user's may know other names."""
        if self.trainable is None:
            check_dataset(self.dataset)

    def _check_methods(self) -> None:
        """UserError for a searcher, scheduler and options that do not go together."""
        # Each may have no value yet; a replay has neither.
        if self.replay is None and self.scheduler is not None and self.searcher is not None:
            check_pair(self.scheduler, self.searcher)
            check_heeded(self.scheduler, vars(self))

    @property
    def epochs_of_final(self) -> int:
        return self.epochs if self.final_epochs is None else self.final_epochs

    def modules_named(self) -> list[str]:
        """Where the user's own code is, if any is named; a name of ours is no module of theirs."""
        named = (self.space or "", self.trainable or "")
        return [name.partition(":")[0] for name in named]
