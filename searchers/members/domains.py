"""Tune's domains as numbers: to the unit interval and back, and listed where finite."""

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

from automl_on_ray.search_spaces import (
    Config,
    SearchSpace,
    at_step,
    grid_of,
    is_log,
    nearest,
    step_of,
)
from automl_on_ray.search_spaces.core import UserError

MAX_MEMBERS = 20_000


def has_bounds(domain: Domain) -> bool:
    """Whether its values lie within bounds, or are a list; not so of randn and sample_from."""
    if isinstance(domain, Categorical):
        return True
    sampler = domain.get_sampler()
    inner = sampler.get_sampler() if isinstance(sampler, Quantized) else sampler
    return isinstance(domain, Float | Integer) and isinstance(inner, Uniform | LogUniform)


def check_supported(name: str, domain: Domain) -> None:
    """UserError for a domain that has no bounds."""
    if not has_bounds(domain):
        raise UserError(
            f"Parameter {name!r} has a domain without bounds ({domain.domain_str}), which this "
            "searcher cannot draw from; use uniform, loguniform, randint or choice."
        )


def values(domain: Domain, limit: int = MAX_MEMBERS) -> list[Any] | None:
    """All values in order if they are finite and not more than `limit`, else None."""
    if isinstance(domain, Categorical):
        return list(domain.categories) if len(domain.categories) <= limit else None
    if not isinstance(domain, Float | Integer):
        return None
    if step_of(domain) is not None:
        first, last = grid_of(domain)
        fits = last - first < limit
        return [at_step(domain, k) for k in range(first, last + 1)] if fits else None
    if isinstance(domain, Integer) and domain.upper - domain.lower <= limit:
        return list(range(int(domain.lower), int(domain.upper)))
    return None


def from_unit(domain: Domain, unit: float) -> Any:
    """The value at `unit` in [0, 1): the domain's own distribution, by its inverse."""
    if isinstance(domain, Categorical):
        return domain.categories[min(int(unit * len(domain)), len(domain) - 1)]
    assert isinstance(domain, Float | Integer)
    lower, upper = domain.lower, domain.upper
    if is_log(domain):
        value = lower * (upper / lower) ** unit
        return nearest(domain, int(value) if _is_whole(domain) else value)
    if step_of(domain) is not None:
        first, last = grid_of(domain)
        return at_step(domain, first + min(int(unit * (last - first + 1)), last - first))
    if isinstance(domain, Integer):
        return min(lower + int(unit * (upper - lower)), upper - 1)
    return float(min(max(lower + unit * (upper - lower), lower), upper))


def to_unit(domain: Domain, value: Any) -> float:
    """Where a value lies in [0, 1); `from_unit` gives it back. A list's values have equal parts."""
    options = domain.categories if isinstance(domain, Categorical) else None
    if options is not None:
        found = next(i for i, o in enumerate(options) if type(o) is type(value) and o == value)
        return (found + 0.5) / len(options)
    assert isinstance(domain, Float | Integer)
    lower, upper = domain.lower, domain.upper
    if is_log(domain):
        inner = min(value + 0.5, upper) if _is_whole(domain) else min(max(value, lower), upper)
        return math.log(inner / lower) / math.log(upper / lower)
    if step_of(domain) is not None:
        first, last = grid_of(domain)
        return (round(value / step_of(domain)) - first + 0.5) / (last - first + 1)
    half = 0.5 if isinstance(domain, Integer) else 0.0
    return float((value + half - lower) / (upper - lower))


def _is_whole(domain: Domain) -> bool:
    return isinstance(domain, Integer) and step_of(domain) is None


def members(space: SearchSpace, limit: int = MAX_MEMBERS) -> dict[str, Config] | None:
    """Every distinct member of a finite space of at most `limit` combinations, by its key."""
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
        config = dict(zip(lists, combination, strict=True))
        if space.conditions:
            config = varying(space, config)
        found.setdefault(key_of(config), config)
    return found


def varying(space: SearchSpace, config: Config) -> Config:
    """The active parameters of `config` that vary: constants are Tune's to merge."""
    active = space.active({**space.constants, **config})
    return {key: value for key, value in active.items() if key in space.domains}


def usual(space: SearchSpace) -> Config:
    """What a config lacks that was made for another space: as in the start, or the middle."""
    middle = {key: from_unit(domain, 0.5) for key, domain in space.domains.items()}
    return {**middle, **space.plain(space.start or {})}


def key_of(config: Config) -> str:
    """Equal for equal configs, whatever their order and types of values, in every process."""
    return repr(sorted((key, type(value).__name__, repr(value)) for key, value in config.items()))


def identity_of(space: SearchSpace, config: Config) -> str:
    """Equal for members that are one: with the same graph and the same training parameters."""
    if space.graph is None:
        return key_of(config)
    training = space.training  # as it was written: there "opt/lr" may be within "opt"
    rest = {k: v for k, v in config.items() if k in training or k.partition("/")[0] in training}
    return key_of(rest) + space.graph({**space.constants, **config}).canonical()
