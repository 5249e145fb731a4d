"""A Sobol design fills every domain as the domain itself is distributed."""

import itertools
from collections import Counter

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, create_searcher

SPACE = SearchSpace(
    "all kinds",
    training={
        "real": tune.uniform(2.0, 3.0), "whole": tune.randint(3, 7),
        "stepped": tune.quniform(0.0, 1.0, 0.25), "kind": tune.choice(["a", "b", "c", "d"]),
        "log": tune.loguniform(0.01, 100.0), "log_whole": tune.lograndint(1, 1000),
    },
)  # fmt: skip
POINTS = 256


@pytest.fixture(scope="module")
def design():
    searcher = create_searcher("sobol", SearcherSettings(SPACE, (Objective("score"),), seed=1))
    return [searcher.suggest(f"t{number}") for number in range(POINTS)]


@pytest.mark.parametrize(
    ("key", "every"),
    [("whole", [3, 4, 5, 6]), ("stepped", [0.0, 0.25, 0.5, 0.75, 1.0]), ("kind", list("abcd"))],
)
def test_each_of_a_few_values_comes_as_often_as_another(key, every, design):
    counts = Counter(config[key] for config in design)
    assert set(counts) == set(every)
    assert max(counts.values()) - min(counts.values()) <= 3


@pytest.mark.parametrize(
    ("key", "borders"),
    [
        ("real", [2.0, 2.25, 2.5, 2.75, 3.0]), ("log", [0.01, 0.1, 1.0, 10.0, 100.0]),
        ("log_whole", [1, 10, 100, 1000]),
    ],
)  # fmt: skip
def test_each_part_of_a_range_has_as_many_on_the_ranges_own_scale(key, borders, design):
    parts = list(itertools.pairwise(borders))
    for low, high in parts:
        found = sum(low <= config[key] < high for config in design)
        assert found == pytest.approx(POINTS / len(parts), abs=3)


def test_values_have_their_domains_types(design):
    assert {type(config["log_whole"]) for config in design} == {int}
    assert {type(config["whole"]) for config in design} == {int}
    assert {type(config["stepped"]) for config in design} == {float}
