"""What population-based schedulers need to know of a space."""

from collections.abc import Callable, Mapping
from typing import Any

from ray.tune.search.sample import Domain

from automl_on_ray.schedulers._capabilities import schedulers_that
from automl_on_ray.schedulers._settings import SchedulerSettings
from automl_on_ray.search_spaces import Config, nearest
from automl_on_ray.search_spaces.core import UserError


def clipped_to(domains: Mapping[str, Domain]) -> Callable[[Config], Config]:
    """A function that moves perturbed values back into their domains."""

    def clip(config: Config) -> Config:
        return {
            key: nearest(domains[key], value) if key in domains else value
            for key, value in config.items()
        }

    return clip


def perturbation_interval(asked: int | None, epochs: int) -> int:
    """Epochs between two exploits: as asked, else about ten in a trial's life."""
    return asked or max(1, epochs // 10)


def require_mutable(
    domains: Mapping[str, Any], settings: SchedulerSettings, *, scheduler: str
) -> None:
    """UserError if the space has nothing that `scheduler` could change."""
    if not domains:
        others = schedulers_that(lambda can: not can.changes_running_trials, near=scheduler)
        raise UserError(
            f"Scheduler {scheduler!r} changes training parameters in live trials, but space "
            f"{settings.space.name!r} declares none that it can change; use "
            f"--scheduler {others[0]}."
        )
