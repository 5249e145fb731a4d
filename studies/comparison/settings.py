"""The settings of a comparison: the options of `workflows/compare.py`."""

from dataclasses import dataclass, field
from typing import get_type_hints

from automl_on_ray.command_line import comparison_options as own, options
from automl_on_ray.search_spaces.core import UserError, check_ranges
from automl_on_ray.studies.inputs import check_choice_of, check_words
from automl_on_ray.trainables.datasets import check_dataset

SEEDS, SEEDS_OF_TRAINING = 50, 3
BUDGETS, BUDGET_OF_TRAINING = "100,300", "16"
USUAL = ("random", "local", "evolution", "reinforce")


@dataclass(frozen=True, kw_only=True)
class CompareSettings:
    """One field an option. UserError for a number out of its range."""

    table: own.Table = None
    function: own.Function = None
    space: own.Space = None
    dataset: own.Dataset = None
    objective: options.ObjectiveText = "accuracy"

    method: own.Methods = field(default=None)
    base: own.Base = "random"
    seeds: own.Seeds = None
    first_seed: own.FirstSeed = 0
    budgets: own.Budgets = None
    pending: own.Pending = 1
    reference: own.Reference = None
    processes: own.Processes = None

    epochs: own.Epochs = 4
    retrain: own.Retrain = 3
    recipe: own.Recipe = None
    data_dir: options.DataDir = None
    subset: options.Subset = None
    slots: options.Slots = None
    gpus_per_trial: options.GpusPerTrial = None
    address: options.Address = None

    name: options.Name = None
    storage: options.Storage = "runs"
    tracking_uri: options.TrackingUri = None
    experiment: options.Experiment = "compare"

    def __post_init__(self) -> None:
        check_ranges(get_type_hints(type(self), include_extras=True), vars(self))

    def check(self) -> None:
        """UserError for names, choices and files that there are not."""
        check_words(vars(self))
        for method in self.methods:
            check_choice_of("searcher", method)
        if self.trains:
            check_dataset(self.images)

    @property
    def methods(self) -> list[str]:
        """The base first, none twice."""
        return list(dict.fromkeys([self.base, *(self.method or USUAL)]))

    @property
    def all_seeds(self) -> range:
        count = self.seeds or (SEEDS_OF_TRAINING if self.trains else SEEDS)
        return range(self.first_seed, self.first_seed + count)

    @property
    def all_budgets(self) -> list[int]:
        words = self.budgets or (BUDGET_OF_TRAINING if self.trains else BUDGETS)
        return sorted({int(word) for word in words.split(",")})

    @property
    def images(self) -> str:
        """What real training is on."""
        return self.dataset or "mnist"

    @property
    def trains(self) -> bool:
        """Whether methods are compared by real training."""
        return self.table is None and self.function is None

    def reference_of(self, signs: list[int]) -> list[float] | None:
        """Its values, higher is better. UserError for another number of them than objectives."""
        if self.reference is None:
            return None
        words = self.reference.split(",")
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != len(signs) or len(signs) < 2:
            raise UserError(
                f"--reference takes a number for each of several objectives, but got "
                f"{self.reference!r} for {len(signs)}."
            )
        return [sign * value for sign, value in zip(signs, values, strict=True)]
