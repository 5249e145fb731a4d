"""What schedulers can do, as each declares."""

from collections.abc import Callable
from dataclasses import dataclass

from automl_on_ray.search_spaces.core import capabilities_of, names_with


@dataclass(frozen=True)
class SchedulerCapabilities:
    """A scheduler's module declares `CAPABILITIES = SchedulerCapabilities(...)`; else these hold.

    - `changes_running_trials`: gives running trials other configs, as populations do.
    - `pauses_trials`: more trials are alive than there are slots.
    - `needs_all_configs_at_once`: before the first trial runs, so it goes with no searcher that
      learns from results.
    - `takes_interval`, `takes_explorer`, `takes_synchronous`, `takes_population`: heeds that field
      of its settings.
    - `checkpoints_to_keep`: of each trial, the newest; None means all.

    More important ones come first: the nearest scheduler to another is found by them in this order.
    """

    changes_running_trials: bool = False
    pauses_trials: bool = False
    needs_all_configs_at_once: bool = False
    takes_interval: bool = False
    takes_explorer: bool = False
    takes_synchronous: bool = False
    takes_population: bool = False
    checkpoints_to_keep: int | None = 3


def scheduler_capabilities(name: str) -> SchedulerCapabilities:
    """UserError if there is no scheduler of that name."""
    return capabilities_of("schedulers", name, SchedulerCapabilities)


def schedulers_that(fit: Callable[[SchedulerCapabilities], bool], *, near: str) -> list[str]:
    """Names of the schedulers that fit, the nearest to the one named `near` first."""
    return names_with("schedulers", SchedulerCapabilities, fit, near=near)
