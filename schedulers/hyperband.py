"""HyperBand (Li et al. 2018): brackets of trials that wait for one another at their rungs."""

from ray.tune.schedulers import HyperBandScheduler, TrialScheduler

from automl_on_ray.schedulers._settings import Settings

PAUSES_TRIALS = True


def create(settings: Settings) -> TrialScheduler:
    return HyperBandScheduler(
        time_attr=settings.time_attr,
        metric=settings.objective.metric,
        mode=settings.objective.mode,
        max_t=settings.epochs,
        reduction_factor=3,
    )
