"""Median stopping (Golovin et al. 2017): a trial below the median of the others' means ends."""

from ray.tune.schedulers import MedianStoppingRule, TrialScheduler

from automl_on_ray.schedulers._settings import SchedulerSettings


def create(settings: SchedulerSettings) -> TrialScheduler:
    return MedianStoppingRule(
        time_attr=settings.time_attr,
        metric=settings.objective.metric,
        mode=settings.objective.mode,
        grace_period=settings.first_rung,
    )
