"""Every trial runs to its end."""

from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from automl_on_ray.schedulers._settings import Settings


def create(settings: Settings) -> TrialScheduler:
    return FIFOScheduler()
