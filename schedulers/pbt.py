"""Population-based training (Jaderberg et al. 2017): weak trials go on from strong ones."""

from ray.tune.schedulers import TrialScheduler

from automl_on_ray.schedulers._capabilities import SchedulerCapabilities
from automl_on_ray.schedulers._settings import SchedulerSettings
from automl_on_ray.schedulers.populations import (
    PerturbExplorer,
    PopulationBased,
    perturbation_interval,
    require_mutable,
)

CAPABILITIES = SchedulerCapabilities(
    changes_running_trials=True,
    pauses_trials=True,
    keeps_schedules=True,
    takes_interval=True,
    takes_explorer=True,
    takes_synchronous=True,
    takes_population=True,
)


def create(settings: SchedulerSettings) -> TrialScheduler:
    require_mutable(settings.space.mutable, settings, scheduler="pbt")
    return PopulationBased(
        settings.objective,
        settings.explorer or PerturbExplorer(settings.space, settings.seed),
        interval=perturbation_interval(settings.interval, settings.epochs),
        time_attr=settings.time_attr,
        synchronous=settings.synchronous,
        population=settings.population,
        seed=settings.seed,
    )
