"""Neighbours, children and vectors of members, with conditions and domains of any kind."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.nas_bench_201 import EDGES, OPERATIONS, key
from automl_on_ray.searchers.members import (
    crossed,
    from_unit,
    key_of,
    mutated,
    neighbours,
    to_unit,
    varying,
)

SPACE = SearchSpace(
    "any",
    architecture={"act": tune.choice(["relu", 1, 1.5, None, True]), "width": tune.randint(1, 9)},
    training={
        "rate": tune.loguniform(1e-4, 1.0),
        "batch": tune.lograndint(16, 257),
        "hidden": tune.qrandint(8, 4096, 8),
        "share": tune.quniform(0.0, 1.0, 0.25),
        "shift": tune.uniform(-2.0, 3.0),
        "optimizer": tune.choice(["sgd", "adam"]),
        "momentum": tune.uniform(0.5, 0.99),
        "nesterov": tune.choice([False, True]),
        "slack": tune.randint(0, 50),
        "classes": 10,
    },
    conditions={
        "momentum": Condition("optimizer", ("sgd",)),
        "nesterov": Condition("optimizer", ("sgd",)),
        "slack": Condition("nesterov", (True,)),
    },
)
CELLS = SearchSpace(
    "cells", architecture={key(*edge): tune.choice(list(OPERATIONS)) for edge in EDGES}
)
SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed, space=SPACE):
    generator = np.random.default_rng(seed)
    return varying(space, space.sample(generator)), generator


def changed(one, other):
    """Keys that both have, with other values."""
    return {k for k in one.keys() & other.keys() if key_of({k: one[k]}) != key_of({k: other[k]})}


def follows_from(config, other, key):
    """Whether what else differs is there, or not, because of the value of `key`."""
    gone = config.keys() ^ other.keys()
    children = {"optimizer": {"momentum", "nesterov", "slack"}, "nesterov": {"slack"}}
    return gone <= children.get(key, set())


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_a_neighbour_is_a_member_that_differs_in_one_decision(seed):
    config, generator = drawn(seed)
    found = neighbours(SPACE, config, generator)
    for other in found:
        SPACE.check({**SPACE.constants, **other})
        assert other == varying(SPACE, other)
        (decision,) = changed(config, other)
        assert follows_from(config, other, decision)
    assert len({key_of(one) for one in [config, *found]}) == len(found) + 1


@given(SEEDS)
def test_a_cell_has_every_other_operation_on_every_edge_as_neighbours(seed):
    config, generator = drawn(seed, CELLS)
    found = neighbours(CELLS, config, generator)
    assert len(found) == len(EDGES) * (len(OPERATIONS) - 1)
    back = [neighbours(CELLS, other, generator) for other in found]
    assert all(config in those for those in back)


def test_a_number_of_few_values_goes_to_the_next_ones():
    space = SearchSpace("few", training={"n": tune.randint(1, 9), "q": tune.quniform(0, 1, 0.25)})
    generator = np.random.default_rng(0)
    found = neighbours(space, {"n": 2, "q": 0.0}, generator)
    assert found == [{"n": 1, "q": 0.0}, {"n": 3, "q": 0.0}, {"n": 2, "q": 0.25}]
    assert neighbours(space, {"n": 8, "q": 1.0}, generator) == [
        {"n": 7, "q": 1.0}, {"n": 8, "q": 0.75},
    ]  # fmt: skip


def test_an_option_that_is_named_twice_is_one_neighbour():
    space = SearchSpace("twice", training={"x": tune.choice(["a", "b", "b", "c"])})
    assert neighbours(space, {"x": "a"}, np.random.default_rng(0)) == [{"x": "b"}, {"x": "c"}]


def test_a_number_of_many_values_goes_down_and_up_within_its_range():
    space = SearchSpace("many", training={"x": tune.uniform(0, 1)})
    generator = np.random.default_rng(0)
    steps = []
    for _ in range(200):
        down, up = (one["x"] for one in neighbours(space, {"x": 0.5}, generator))
        assert 0 <= down < 0.5 < up < 1
        steps += [0.5 - down, up - 0.5]
    assert 0.1 < np.mean(steps) < 0.15  # 0.12, the mean of a half normal distribution
    assert len(neighbours(space, {"x": 0.0}, generator)) == 1


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_a_mutation_is_a_neighbour(seed):
    config, generator = drawn(seed)
    other = mutated(SPACE, config, generator)
    SPACE.check({**SPACE.constants, **other})
    (decision,) = changed(config, other)
    assert follows_from(config, other, decision)


def test_every_decision_is_mutated_as_often_and_to_every_value():
    config, generator = drawn(0, CELLS)
    counts: dict[tuple[str, str], int] = {}
    for _ in range(2400):
        other = mutated(CELLS, config, generator)
        (decision,) = changed(config, other)
        pair = decision, other[decision]
        counts[pair] = counts.get(pair, 0) + 1
    assert len(counts) == 24
    assert all(60 < count < 145 for count in counts.values())  # 100 on average, deviation 10


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_a_child_has_each_decision_of_one_of_its_parents(seed):
    one, generator = drawn(seed)
    other = varying(SPACE, SPACE.sample(generator))
    child = crossed(SPACE, one, other, generator)
    SPACE.check({**SPACE.constants, **child})
    for decision, value in child.items():
        given = [parent[decision] for parent in (one, other) if decision in parent]
        assert not given or value in given


def test_a_child_takes_after_both_parents():
    generator = np.random.default_rng(0)
    one, other = (dict.fromkeys(CELLS.domains, operation) for operation in OPERATIONS[:2])
    found = {tuple(crossed(CELLS, one, other, generator).values()) for _ in range(1000)}
    assert len(found) == 2 ** len(EDGES)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_a_place_in_the_unit_interval_comes_back_as_its_value(seed):
    config, _ = drawn(seed)
    for decision, value in config.items():
        unit = to_unit(SPACE.domains[decision], value)
        assert 0 <= unit < 1
        again = from_unit(SPACE.domains[decision], unit)
        assert again == pytest.approx(value) if isinstance(value, float) else again == value
