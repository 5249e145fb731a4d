"""A population in which a trial that takes over another goes on with half of its rate."""

from automl_on_ray.schedulers import SchedulerCapabilities
from automl_on_ray.schedulers.populations import (
    PopulationBased,
    perturbation_interval,
    require_mutable,
)
from automl_on_ray.search_spaces import nearest

CAPABILITIES = SchedulerCapabilities(
    changes_running_trials=True, pauses_trials=True, keeps_schedules=True, takes_interval=True
)


def create(settings):
    require_mutable(settings.space.mutable, settings, scheduler="cooling")
    return PopulationBased(
        settings.objective,
        Halving(settings.space),
        interval=perturbation_interval(settings.interval, settings.epochs),
        seed=settings.seed,
    )


class Halving:
    """An Explorer."""

    def __init__(self, space):
        self._rate = space.mutable["rate"]

    def tell(self, interval):
        """Learns nothing."""

    def explore(self, exploit, *, wait):
        return {**exploit.config, "rate": nearest(self._rate, exploit.config["rate"] / 2)}

    def drop(self, exploit):
        """Nothing was kept of it."""
