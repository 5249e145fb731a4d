"""What schedulers can do, as each declares."""

from dataclasses import dataclass

from automl_on_ray.search_spaces.core import DeclaredIn


@dataclass(frozen=True)
class SchedulerCapabilities:
    """A scheduler's module declares `CAPABILITIES = SchedulerCapabilities(...)`; else these hold.

    - `changes_running_trials`: gives running trials other configs, as populations do.
    - `pauses_trials`: more trials are alive than there are slots.
    - `needs_all_configs_at_once`: before the first trial runs, so it goes with no searcher that
      learns from results.
    - `keeps_schedules`: it has `members` and tells the `schedule` of each trial, its configs over
      time, which is kept, drawn, and trained along again.
    - `takes_interval`, `takes_explorer`, `takes_synchronous`, `takes_population`: heeds that field
      of its settings.
    - `checkpoints_to_keep`: of each trial, the newest; None means all.

    More important ones come first: the nearest scheduler to another is found by them in this order.
    """

    changes_running_trials: bool = False
    pauses_trials: bool = False
    needs_all_configs_at_once: bool = False
    keeps_schedules: bool = False
    takes_interval: bool = False
    takes_explorer: bool = False
    takes_synchronous: bool = False
    takes_population: bool = False
    checkpoints_to_keep: int | None = 3


_declared = DeclaredIn("schedulers", SchedulerCapabilities)
scheduler_capabilities, schedulers_that = _declared.of, _declared.that
