"""Tune's domains as numbers: from the unit interval, and as lists where they are finite."""

import itertools
import math
from typing import Any

from ray.tune.search.sample import (
    Categorical,
    Domain,
    Float,
    Integer,
    LogUniform,
    Quantized,
    Uniform,
)

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._space import Config, SearchSpace

MOST_MEMBERS = 20_000


def is_log(domain: Domain) -> bool:
    sampler = domain.get_sampler()
    inner = sampler.get_sampler() if isinstance(sampler, Quantized) else sampler
    return isinstance(inner, LogUniform)


def check_supported(name: str, domain: Domain) -> None:
    """UserError for a domain that has no bounds (randn, sample_from)."""
    if isinstance(domain, Categorical):
        return
    sampler = domain.get_sampler()
    inner = sampler.get_sampler() if isinstance(sampler, Quantized) else sampler
    if not isinstance(domain, Float | Integer) or not isinstance(inner, Uniform | LogUniform):
        raise UserError(
            f"Parameter {name!r} has a domain without bounds ({domain.domain_str}), which only "
            "--searcher random can draw from; use uniform, loguniform, randint or choice."
        )


def values(domain: Domain, limit: int = MOST_MEMBERS) -> list[Any] | None:
    """All values in order if they are finite and not more than `limit`, else None."""
    if isinstance(domain, Categorical):
        return list(domain.categories) if len(domain.categories) <= limit else None
    if not isinstance(domain, Float | Integer) or domain.lower is None or domain.upper is None:
        return None
    sampler = domain.get_sampler()
    if isinstance(sampler, Quantized) and not (isinstance(domain, Integer) and sampler.q == 1):
        first = math.ceil(round(domain.lower / sampler.q, 9))
        last = math.floor(round(domain.upper / sampler.q, 9))
        if last - first >= limit:
            return None
        steps = (domain.cast(_tidy(k * sampler.q)) for k in range(first, last + 1))
        return list(steps)
    if isinstance(domain, Integer) and domain.upper - domain.lower <= limit:
        return list(range(int(domain.lower), int(domain.upper)))
    return None


def bounds(domain: Domain) -> tuple[Any, Any]:
    """Lower and upper as declared: an integer's upper bound is outside, unless quantised."""
    assert isinstance(domain, Float | Integer)
    return domain.lower, domain.upper


def from_unit(domain: Domain, unit: float) -> Any:
    """The value at `unit` in [0, 1): the domain's own distribution, by its inverse."""
    finite = values(domain)
    if finite is not None and (isinstance(domain, Categorical) or not is_log(domain)):
        return finite[min(int(unit * len(finite)), len(finite) - 1)]
    lower, upper = bounds(domain)
    value = lower * (upper / lower) ** unit if is_log(domain) else lower + unit * (upper - lower)
    if finite is not None and not isinstance(domain.get_sampler(), LogUniform):
        return min(finite, key=lambda v: abs(v - value))
    if isinstance(domain, Integer):
        return min(int(value), upper - 1)
    return float(min(max(value, lower), upper))


def members(space: SearchSpace, limit: int = MOST_MEMBERS) -> list[Config] | None:
    """Every distinct member of a finite space of at most `limit` combinations, else None."""
    lists = {key: values(domain, limit) for key, domain in space.domains.items()}
    count = 1
    for options in lists.values():
        if options is None:
            return None
        count *= len(options)
        if count > limit:
            return None
    found: dict[str, Config] = {}
    for combination in itertools.product(*(v for v in lists.values() if v is not None)):
        config = varying(space, dict(zip(lists, combination, strict=True)))
        found.setdefault(key_of(config), config)
    return list(found.values())


def varying(space: SearchSpace, config: Config) -> Config:
    """The active parameters of `config` that vary: constants are Tune's to merge."""
    active = space.active({**space.constants, **config})
    return {key: value for key, value in active.items() if key in space.domains}


def key_of(config: Config) -> str:
    """Equal for equal configs, whatever their order and types of values, in every process."""
    return repr(sorted((key, type(value).__name__, _text(value)) for key, value in config.items()))


def own_values(space: SearchSpace, config: Config) -> Config:
    """`config` with the choices' own objects: what came through a pipe may be copies of them."""
    found = dict(config)
    for key, domain in space.domains.items():
        if key in found and isinstance(domain, Categorical):
            same = key_of({"": found[key]})
            found[key] = next(v for v in domain.categories if key_of({"": v}) == same)
    return found


def _text(value: Any) -> str:
    """A function's `repr` holds its address, which the next process does not share."""
    name = getattr(value, "__qualname__", None)
    return repr(value) if name is None else f"{value.__module__}.{name}"


def _tidy(value: float) -> float:
    return float(f"{value:.12g}") if isinstance(value, float) else value
