"""Population-based training (Jaderberg et al. 2017) by Ray."""

from ray.tune.schedulers import PopulationBasedTraining, TrialScheduler
from ray.tune.search.sample import Categorical

from schedulers._population import mutable, perturbation_interval, require, within
from schedulers._settings import Settings

PAUSES_TRIALS = True
SEARCHERS = ("random", "sobol")


def create(settings: Settings) -> TrialScheduler:
    domains = mutable(settings.space)
    require(domains, settings, scheduler="pbt")
    return PopulationBasedTraining(
        time_attr=settings.time_attr,
        metric=settings.objective.metric,
        mode=settings.objective.mode,
        perturbation_interval=perturbation_interval(settings),
        # Ray multiplies a domain's value by 1.2 or 0.8: choices must come to it as lists.
        hyperparam_mutations={
            key: list(domain.categories) if isinstance(domain, Categorical) else domain
            for key, domain in domains.items()
        },
        custom_explore_fn=within(settings.space),
    )
