"""The settings from which a scheduler is made."""

from dataclasses import dataclass

from automl_on_ray.search_spaces import Explorer, SearchSpace
from automl_on_ray.search_spaces.core import Objective


@dataclass(frozen=True)
class SchedulerSettings:
    """`epochs` is the most iterations a trial may have, `samples` the number of trials.

    The rest is for population-based schedulers: `interval` epochs between two perturbations (None:
    a tenth of all), whether all trials are compared at the same epoch (`synchronous`), how many
    are alive at once (`population`; None: all) and who chooses new values (`explorer`; None:
    factors and new draws).
    """

    space: SearchSpace
    objective: Objective
    epochs: int
    samples: int
    seed: int
    time_attr: str = "training_iteration"
    interval: int | None = None
    synchronous: bool = False
    population: int | None = None
    explorer: Explorer | None = None

    @property
    def first_rung(self) -> int:
        """Epochs before a trial may be judged: a tenth of all, at least one."""
        return max(1, self.epochs // 10)
