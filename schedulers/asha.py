"""Asynchronous successive halving (Li et al. 2020): the better third goes on at each rung."""

from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from automl_on_ray.schedulers._settings import SchedulerSettings
from automl_on_ray.schedulers.tune_internals import sort_rungs


def create(settings: SchedulerSettings) -> TrialScheduler:
    scheduler = ASHAScheduler(
        time_attr=settings.time_attr,
        metric=settings.objective.metric,
        mode=settings.objective.mode,
        max_t=settings.epochs,
        grace_period=settings.first_rung,
        reduction_factor=3,
    )
    return sort_rungs(scheduler)
