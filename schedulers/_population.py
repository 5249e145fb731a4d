"""What population-based schedulers need to know of a space."""

from collections.abc import Callable, Mapping
from typing import Any

from ray.tune.search.sample import Categorical, Domain, Float, Integer, Quantized

from automl_on_ray.schedulers._settings import Settings
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


def nearest(domain: Domain, value: Any) -> Any:
    """`value`, or the nearest that the domain has."""
    if isinstance(domain, Categorical):
        return value
    sampler = domain.get_sampler()
    if isinstance(sampler, Quantized):
        value = round(value / sampler.q) * sampler.q
    if isinstance(domain, Integer):
        return int(min(max(round(value), domain.lower), domain.upper - 1))
    if isinstance(domain, Float):
        return float(min(max(value, domain.lower), domain.upper))
    return value
