"""Members one decision away from another, and the child of two."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from ray.tune.search.sample import Categorical, Domain

from automl_on_ray.search_spaces import Config, SearchSpace, nearest
from automl_on_ray.searchers.members.domains import from_unit, key_of, to_unit, values, varying

FEW_VALUES = 10  # of a number, one step goes to the next one; with more it is a part of the range
STEP_DEVIATION = 0.15  # of a step, as a part of the range on its own scale


def neighbours(space: SearchSpace, config: Config, generator: np.random.Generator) -> list[Config]:
    """All members that differ in one decision, each once, in the order of the decisions.

    A choice takes each other value. A number goes one step down and one up: to the next value where
    there are few, else by a part of its range that is drawn from a normal distribution. What
    becomes active is drawn, what becomes inactive is left out. Constants are in none of them.
    """
    own = varying(space, config)
    changed = [
        completed(space, {**own, key: value}, generator)
        for key in own
        for value in _others(space.domains[key], own[key], generator)
    ]
    if not space.conditions:
        return changed  # no two of them are alike
    found: dict[str, Config] = {}
    for one in changed:
        found.setdefault(key_of(one), one)
    return list(found.values())


def mutated(space: SearchSpace, config: Config, generator: np.random.Generator) -> Config:
    """One of the neighbours: every decision is as likely, then each of its changes."""
    own = varying(space, config)
    for index in generator.permutation(len(own)):
        key = list(own)[index]
        others = list(_others(space.domains[key], own[key], generator))
        if others:
            value = others[generator.integers(len(others))]
            return completed(space, {**own, key: value}, generator)
    return own


def crossed(
    space: SearchSpace, one: Config, other: Config, generator: np.random.Generator
) -> Config:
    """A child: each decision from either parent, as likely, if both have it."""
    one, other = varying(space, one), varying(space, other)
    child = {**other, **one}
    for key in space.domains:
        if key in one and key in other and generator.random() < 0.5:
            child[key] = other[key]
    return completed(space, child, generator)


def completed(space: SearchSpace, config: Config, generator: np.random.Generator) -> Config:
    """`config` with what has become active, drawn from its domain, and without what has not."""
    if not space.conditions:
        return config
    whole = varying(space, config)
    while missing := [
        key
        for key, condition in space.conditions.items()
        if key in space.domains
        and key not in whole
        and condition.holds({**space.constants, **whole})
    ]:
        for key in missing:
            domain = space.domains[key]
            state = np.random.RandomState(generator.integers(2**32 - 1))
            whole[key] = nearest(domain, domain.sample(random_state=state))
    return {key: whole[key] for key in space.domains if key in whole}


def _others(domain: Domain, value: Any, generator: np.random.Generator) -> Iterator[Any]:
    if isinstance(domain, Categorical):
        told = {(type(value).__name__, repr(value))}
        for option in domain.categories:
            name = type(option).__name__, repr(option)
            if name not in told:
                told.add(name)
                yield option
        return
    few = values(domain, FEW_VALUES)
    if few is not None:
        at = few.index(nearest(domain, value))  # a point of the user's may lie beside the steps
        yield from (few[i] for i in (at - 1, at + 1) if 0 <= i < len(few))
        return
    for sign in (-1, 1):
        yield from _stepped(domain, value, sign, generator)


def _stepped(
    domain: Domain, value: Any, sign: int, generator: np.random.Generator
) -> Iterator[Any]:
    """One value in that direction, or none at the end of the range."""
    unit = to_unit(domain, value)
    for _ in range(16):
        there = unit + sign * abs(generator.normal(0.0, STEP_DEVIATION))
        if 0 <= there < 1 and (new := from_unit(domain, there)) != value:
            yield new
            return
