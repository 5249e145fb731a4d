"""Population-based training (Jaderberg et al. 2017): weak trials go on from strong ones."""

from ray.tune.schedulers import TrialScheduler

from schedulers._perturb import Perturb
from schedulers._population import perturbation_interval, require
from schedulers._population_based import PopulationBased
from schedulers._settings import Settings

PAUSES_TRIALS = True


def create(settings: Settings) -> TrialScheduler:
    require(settings.space.mutable, settings, scheduler="pbt")
    return PopulationBased(
        settings.objective,
        settings.explorer or Perturb(settings.space, settings.seed),
        interval=perturbation_interval(settings.interval, settings.epochs),
        time_attr=settings.time_attr,
        synchronous=settings.synchronous,
        population=settings.population,
        seed=settings.seed,
    )
