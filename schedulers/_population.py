"""What Ray's two population-based schedulers need to know of a space."""

from collections.abc import Callable
from typing import Any

from ray.tune.search.sample import Categorical, Domain, Float, Integer

from schedulers._settings import Settings
from search_spaces._errors import UserError
from search_spaces._space import Config, SearchSpace


def mutable(space: SearchSpace) -> dict[str, Domain]:
    """Training parameters that may change in a live trial.

    Not among them are those that other parameters depend on, nor the dependent ones: a new
    optimiser could not go on with the old one's state.
    """
    parents = {condition.parent for condition in space.conditions.values()}
    return {
        key: domain
        for key, domain in space.training.items()
        if isinstance(domain, Domain) and key not in space.conditions and key not in parents
    }


def within(space: SearchSpace) -> Callable[[Config], Config]:
    """A function that moves perturbed values back into their domains."""
    domains = mutable(space)

    def clip(config: Config) -> Config:
        return {
            key: _nearest(domains[key], value) if key in domains else value
            for key, value in config.items()
        }

    return clip


def perturbation_interval(settings: Settings) -> int:
    """Epochs between two exploits: about ten in a trial's life."""
    return max(1, settings.epochs // 10)


def require(domains: dict[str, Any], settings: Settings, *, scheduler: str) -> None:
    """UserError if the space has nothing that `scheduler` could change."""
    if not domains:
        raise UserError(
            f"Scheduler {scheduler!r} changes training parameters in live trials, but space "
            f"{settings.space.name!r} declares none that it can change; use --scheduler asha."
        )


def _nearest(domain: Domain, value: Any) -> Any:
    if isinstance(domain, Categorical):
        return value
    if isinstance(domain, Integer):
        return int(min(max(round(value), domain.lower), domain.upper - 1))
    if isinstance(domain, Float):
        return float(min(max(value, domain.lower), domain.upper))
    return value
