"""Population-based bandits (Parker-Holder et al. 2020) by Ray: a Gaussian process explores.

Ray's PB2 knows floats alone, within bounds, and on a linear scale; other parameters keep the values
they were born with.
"""

from typing import Any

from ray.tune.schedulers import TrialScheduler
from ray.tune.schedulers.pb2 import PB2
from ray.tune.search.sample import Float

from automl_on_ray.schedulers._capabilities import SchedulerCapabilities
from automl_on_ray.schedulers._settings import SchedulerSettings
from automl_on_ray.schedulers.populations import (
    clipped_to,
    perturbation_interval,
    require_mutable,
)

CAPABILITIES = SchedulerCapabilities(
    changes_running_trials=True,
    pauses_trials=True,
    needs_all_configs_at_once=True,  # Ray's PB2 refuses searchers
    takes_interval=True,
    # A trial may start from another's, older than the three that this one has by then.
    checkpoints_to_keep=None,
)


def create(settings: SchedulerSettings) -> TrialScheduler:
    space = settings.space
    free = {key: d for key, d in space.mutable.items() if key not in space.conditions}
    bounds: dict[str, Any] = {
        key: [domain.lower, domain.upper]
        for key, domain in free.items()
        if isinstance(domain, Float)
    }
    require_mutable(bounds, settings, scheduler="pb2")
    return PB2(
        time_attr=settings.time_attr,
        metric=settings.objective.metric,
        mode=settings.objective.mode,
        perturbation_interval=perturbation_interval(settings.interval, settings.epochs),
        hyperparam_bounds=bounds,
        custom_explore_fn=clipped_to(free),
    )
