"""Every trial runs to its end."""

from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from automl_on_ray.schedulers._settings import SchedulerSettings


def create(settings: SchedulerSettings) -> TrialScheduler:
    return FIFOScheduler()
