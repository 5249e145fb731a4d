"""What population-based schedulers need to know of a space."""

from collections.abc import Callable, Mapping
from typing import Any

from ray.tune.search.sample import Domain

from automl_on_ray.schedulers._settings import Settings
from automl_on_ray.search_spaces._bounds import nearest
from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._space import Config


def within(domains: Mapping[str, Domain]) -> Callable[[Config], Config]:
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


def require(domains: Mapping[str, Any], settings: Settings, *, scheduler: str) -> None:
    """UserError if the space has nothing that `scheduler` could change."""
    if not domains:
        raise UserError(
            f"Scheduler {scheduler!r} changes training parameters in live trials, but space "
            f"{settings.space.name!r} declares none that it can change; use --scheduler asha."
        )
