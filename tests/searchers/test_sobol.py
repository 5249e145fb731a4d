"""A Sobol design fills every domain as the domain itself is distributed."""

import itertools
from collections import Counter

import pytest
from ray import tune
from ray.tune.search import Searcher
from torch.quasirandom import SobolEngine

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings, create_searcher, sobol
from automl_on_ray.searchers.sobol import Design

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


def test_a_design_is_the_scrambled_sequence_of_its_seed_behind_the_middle():
    real = SearchSpace("real", training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)})
    points = SobolEngine(2, scramble=True, seed=5).draw(6).tolist()
    design = Design(real, seed=5, done=[])
    found = [list(design.next().values()) for _ in range(6)]
    assert found == [pytest.approx(point) for point in points]
    begun = Design(real, seed=5, done=[], centre=True)
    assert begun.next() == {"x": 0.5, "y": 0.5}
    assert list(begun.next().values()) == pytest.approx(points[0])


def test_of_the_sequence_all_points_that_meet_the_constraints_are_handed_out_in_order():
    half = SearchSpace(
        "half", training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)}, constraints="x <= y"
    )
    points = SobolEngine(2, scramble=True, seed=5).draw(32).tolist()
    expected = [point for point in points if point[0] <= point[1]]
    design = Design(half, seed=5, done=[])
    assert [list(design.next().values()) for _ in expected] == expected


def test_the_last_members_are_handed_out_though_the_sequence_rarely_comes_there():
    space = SearchSpace("few", training={"n": tune.lograndint(1, 301)})
    searcher = create_searcher("sobol", SearcherSettings(space, (Objective("score"),)))
    assert sorted(searcher.suggest(f"t{n}")["n"] for n in range(300)) == list(range(1, 301))
    assert searcher.suggest("more") == Searcher.FINISHED


def test_a_space_of_which_the_sequence_finds_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(sobol, "MAX_DRAWS", 20)
    space = SearchSpace("none", training={"x": tune.uniform(0, 1)}, constraints="x >= 2")
    with pytest.raises(UserError, match="20 points of space 'none' break its constraints: x >= 2"):
        Design(space, seed=0, done=[]).next()


def test_a_domain_without_bounds_is_no_design():
    with pytest.raises(UserError, match="'x' has a domain without bounds"):
        Design(SearchSpace("normal", training={"x": tune.randn(0, 1)}), seed=0, done=[])
