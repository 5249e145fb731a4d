"""Creates a scheduler by its name."""

from ray.tune.schedulers import TrialScheduler

from automl_on_ray.schedulers._settings import SchedulerSettings
from automl_on_ray.search_spaces.core import find


def create_scheduler(name: str, settings: SchedulerSettings) -> TrialScheduler:
    """UserError if the name is unknown or the space gives the scheduler nothing to do."""
    scheduler: TrialScheduler = find("schedulers", name, kind="scheduler").create(settings)
    return scheduler
