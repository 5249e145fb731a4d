"""Which values one of Ray Tune's domains has."""

import copy
import math
from typing import Any

import numpy as np
from ray.tune.search.sample import (
    Categorical,
    Domain,
    Float,
    Function,
    Integer,
    LogUniform,
    Quantized,
    Uniform,
)

from automl_on_ray.search_spaces.core import UserError, finite
from automl_on_ray.search_spaces.domains.nesting import holds_domain, parts_of
from automl_on_ray.search_spaces.domains.values import is_plain, labels


def is_log(domain: Domain) -> bool:
    return isinstance(_inner(domain), LogUniform)


def step_of(domain: Domain) -> Any:
    """Of which number all values are multiples; None where there is none."""
    sampler = domain.get_sampler()
    if not isinstance(sampler, Quantized) or (isinstance(domain, Integer) and sampler.q == 1):
        return None
    return sampler.q


def grid_of(domain: Domain) -> tuple[int, int]:
    """The first and the last multiple of a domain with a step, in steps."""
    step = step_of(domain)
    assert isinstance(domain, Float | Integer)
    if isinstance(domain, Integer):
        return int(-(-domain.lower // step)), int(domain.upper // step)
    if not math.isfinite(domain.upper - domain.lower):  # normal
        return -(10**15), 10**15
    return math.ceil(round(domain.lower / step, 9)), math.floor(round(domain.upper / step, 9))


def at_step(domain: Domain, steps: int) -> Any:
    """The value after so many steps from zero."""
    value = steps * step_of(domain)
    return float(f"{value:.12g}") if isinstance(domain, Float) else int(value)


def nearest(domain: Domain, value: Any) -> Any:
    """The value of a numeric domain that is nearest; a choice stays what it is."""
    if not isinstance(domain, Float | Integer):
        return value
    if step_of(domain) is not None:
        first, last = grid_of(domain)
        return at_step(domain, round(min(max(value / step_of(domain), first), last)))
    if isinstance(domain, Integer):
        return int(min(max(round(value), domain.lower), domain.upper - 1))
    return float(min(max(value, domain.lower), domain.upper))


def contains(domain: Domain, value: Any) -> bool:
    """Whether a domain can have this value. A float's upper bound counts as inside."""
    if isinstance(domain, Categorical):
        return any(type(value) is type(c) and value == c for c in domain.categories)
    if not isinstance(value, int | float) or finite(value) is None:
        return False
    step = step_of(domain)
    if isinstance(domain, Integer):
        last = domain.upper if step is not None else domain.upper - 1
        whole = isinstance(value, int) and (step is None or value % step == 0)
        return whole and domain.lower <= value <= last
    if isinstance(domain, Float):
        whole = step is None or math.isclose(value, nearest(domain, value), abs_tol=1e-9 * step)
        return domain.lower <= value <= domain.upper and whole
    return True


def labelled(value: Any) -> Any:
    """A declaration with labels for values, and Python's own numbers for bounds."""
    if isinstance(value, Categorical):
        options = list(value.categories)
        if all(map(is_plain, options)):
            return value
        found: Any = copy.copy(value)
        found.categories = labels(options)
        return found
    if isinstance(value, Float | Integer):
        found = copy.copy(value)
        for name in ("lower", "upper"):
            bound = getattr(value, name)
            setattr(found, name, bound.item() if isinstance(bound, np.generic) else bound)
        return found
    return value if isinstance(value, Domain) or is_plain(value) else labels([value])[0]


def check_bounds(space: str, key: str, domain: Any) -> None:
    """UserError for a domain without values."""
    if isinstance(domain, Categorical) and not domain.categories:
        raise UserError(f"Space {space!r}: {key!r} is a choice of nothing.")
    if isinstance(domain, Float | Integer) and not domain.lower < domain.upper:
        raise UserError(
            f"Space {space!r}: {key!r} has bounds reversed or equal, "
            f"[{domain.lower}, {domain.upper}); the lower one comes first."
        )


def check_searchable(space: str, key: str, value: Any) -> None:
    """UserError for what Ray Tune can declare, but no searcher can propose values of."""
    if isinstance(value, Function):
        raise UserError(
            f"Space {space!r}: {key!r} is a sample_from, which no searcher can see into; use "
            "uniform, loguniform, randint or choice, and compute the rest in the trainable."
        )
    if isinstance(value, Categorical):
        for option in value.categories:
            if holds_domain(option):
                raise UserError(
                    f"Space {space!r}: {key!r} is a choice of what holds domains; declare them as "
                    "parameters of their own, with a Condition on the choice."
                )
            _refuse_words_of_tune(space, key, option)
    elif isinstance(value, Float | Integer):
        _check_range(space, key, value)
    elif isinstance(value, Domain):
        raise UserError(f"Space {space!r}: {key!r} is a {type(value).__name__}, unknown here.")
    else:
        _refuse_words_of_tune(space, key, value)


def describe(domain: Any, options: list[Any]) -> str:
    """A declaration as text; `options` are the values that a choice, or a constant, stands for."""
    if isinstance(domain, Categorical):
        texts = (
            repr(label) if is_plain(option) else str(label)
            for label, option in zip(domain.categories, options, strict=True)
        )
        return f"choice([{', '.join(texts)}])"
    if isinstance(domain, Float | Integer):
        sampler = domain.get_sampler()
        step = f", step {sampler.q}" if isinstance(sampler, Quantized) else ""
        inner = sampler.get_sampler() if isinstance(sampler, Quantized) else sampler
        if not isinstance(inner, Uniform | LogUniform):
            return f"normal({inner.mean}, {inner.sd}{step})"
        kind = "int " if isinstance(domain, Integer) else ""
        return f"{kind}{inner!s}({domain.lower}, {domain.upper}{step})".lower()
    return repr(domain) if is_plain(options[0]) else str(domain)


def as_data(domain: Domain) -> dict[str, Any]:
    """A domain as JSON has it: `kind` is choice, int, float or normal, all bounds are inside it."""
    if isinstance(domain, Categorical):
        return {"kind": "choice", "options": list(domain.categories)}
    assert isinstance(domain, Float | Integer)
    if not isinstance(_inner(domain), Uniform | LogUniform):
        return {"kind": "normal"}
    whole = isinstance(domain, Integer)
    high = domain.upper - 1 if whole and step_of(domain) is None else domain.upper
    kind = "int" if whole else "float"
    return {"kind": kind, "low": domain.lower, "high": high, "log": is_log(domain)}


def _inner(domain: Domain) -> Any:
    sampler = domain.get_sampler()
    return sampler.get_sampler() if isinstance(sampler, Quantized) else sampler


def _check_range(space: str, key: str, domain: Float | Integer) -> None:
    if not isinstance(_inner(domain), Uniform | LogUniform):
        return  # normal: it has no bounds
    if not (math.isfinite(domain.lower) and math.isfinite(domain.upper)):
        raise UserError(
            f"Space {space!r}: {key!r} must have finite bounds, not {domain.lower}, {domain.upper}."
        )
    if isinstance(domain, Integer) and not -(2**63) <= domain.lower < domain.upper <= 2**63:
        raise UserError(f"Space {space!r}: {key!r} goes beyond integers of 64 bits.")
    step = step_of(domain)
    if step is None:
        return
    if isinstance(domain, Integer) and step != int(step):
        raise UserError(f"Space {space!r}: {key!r} is whole, but has steps of {step}.")
    first, last = grid_of(domain)
    if first > last:
        raise UserError(
            f"Space {space!r}: {key!r} has no multiple of {step} from {domain.lower} to "
            f"{domain.upper}."
        )


def _refuse_words_of_tune(space: str, key: str, value: Any) -> None:
    """Tune would work these off by itself, in whatever config they stand."""
    if not isinstance(value, dict | list | tuple):
        return
    names = [name for name, _ in parts_of(value)]
    if isinstance(value, dict) and names in (["grid_search"], ["eval"]):
        raise UserError(
            f"Space {space!r}: {names[0]} of {key!r} leaves a searcher nothing to choose; use "
            "tune.choice."
        )
    for name, part in parts_of(value):
        _refuse_words_of_tune(space, f"{key}/{name}", part)
