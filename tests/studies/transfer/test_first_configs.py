"""First configs out of earlier studies: good on all of their data, and unlike each other."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import PriorTrial, Source
from automl_on_ray.studies.transfer import first_configs

PLANE = SearchSpace("plane", training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)})
MIXED = SearchSpace(
    "mixed",
    training={
        "lr": tune.loguniform(1e-4, 1.0),
        "width": tune.randint(1, 65),
        "optimizer": tune.choice(["adam", "sgd"]),
        "momentum": tune.uniform(0.0, 1.0),
        "epochs": 3,
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
    start={"lr": 0.01, "width": 7, "optimizer": "sgd", "momentum": 0.9},
)
LOSS, SCORE = Objective("loss", "min"), Objective("score")


def source(name, values, metric="loss"):
    """`values` are (config, value)."""
    return Source(name, tuple(PriorTrial(config, {9: {metric: v}}) for config, v in values))


def at(x, y):
    return {"x": x, "y": y}


def bowl(centre, points, scale=1.0, offset=0.0):
    """A bowl around `centre`, tried at `points`."""
    return [
        (at(*p), offset + scale * ((p[0] - centre[0]) ** 2 + (p[1] - centre[1]) ** 2))
        for p in points
    ]


def points(seed, count=30):
    return np.random.default_rng(seed).random((count, 2)).tolist()


def distance(one, other):
    return np.hypot(one["x"] - other["x"], one["y"] - other["y"])


def test_of_one_source_the_best_comes_first_and_then_the_best_that_are_far_apart():
    good = [(at(0.5, 0.5), 1), (at(0.51, 0.5), 2), (at(0.9, 0.5), 3), (at(0.5, 0.9), 4)]
    bad = [(at(0.1, 0.1), 90), (at(0.2, 0.9), 91), (at(0.9, 0.9), 92), (at(0.1, 0.9), 93)]
    found = first_configs([source("a", good + bad)], PLANE, LOSS, 3)
    assert found == (at(0.5, 0.5), at(0.9, 0.5), at(0.5, 0.9))


def test_the_first_config_is_the_one_that_is_good_everywhere():
    """Each source has a best of its own, which is bad elsewhere; one config is good on both."""
    both = [at(0.1, 0.1), at(0.9, 0.9), at(0.5, 0.5), *[at(x, 1 - x) for x in (0.0, 0.2, 0.8, 1.0)]]
    one = source("a", list(zip(both, [0, 90, 1, 91, 92, 93, 94], strict=True)))
    other = source("b", list(zip(both, [950, 0, 10, 910, 920, 930, 940], strict=True)))
    found = first_configs([one, other], PLANE, LOSS, 3)
    assert found[0] == at(0.5, 0.5)
    assert sorted(config["x"] for config in found[1:]) == [0.1, 0.9]


def test_sources_count_alike_whatever_the_scale_of_their_results():
    centres = [(0.2, 0.2), (0.8, 0.8)]
    plain = [source(str(c), bowl(c, points(i))) for i, c in enumerate(centres)]
    scaled = [source(str(c), bowl(c, points(i), 10.0**i, -7.0 * i)) for i, c in enumerate(centres)]
    assert first_configs(plain, PLANE, LOSS, 4) == first_configs(scaled, PLANE, LOSS, 4)


def test_two_configs_cover_two_kinds_of_data():
    """Three sources have their best at one place, two at another: the first two go there."""
    centres = [(0.2, 0.2), (0.2, 0.2), (0.2, 0.2), (0.8, 0.8), (0.8, 0.8)]
    sources = [source(str(i), bowl(c, points(i))) for i, c in enumerate(centres)]
    first, second = first_configs(sources, PLANE, LOSS, 2)
    assert distance(first, at(0.2, 0.2)) < 0.2
    assert distance(second, at(0.8, 0.8)) < 0.2


def test_more_is_better_where_the_objective_is_maximised():
    values = [(at(0.1, 0.1), 1), (at(0.9, 0.9), 5), (at(0.5, 0.5), 2)]
    assert first_configs([source("a", values, "score")], PLANE, SCORE, 1) == (at(0.9, 0.9),)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 9))
def test_they_are_members_each_once_and_the_same_each_time(seed, sources, count):
    generator = np.random.default_rng(seed)
    made = [
        source(str(i), [(_partly(generator), float(generator.normal())) for _ in range(8)])
        for i in range(sources)
    ]
    found = first_configs(made, MIXED, LOSS, count)
    assert found == first_configs(made, MIXED, LOSS, count)
    assert 0 < len(found) <= count
    assert len({str(sorted(config.items())) for config in found}) == len(found)
    for config in found:
        MIXED.check({**MIXED.constants, **config})
        assert "epochs" not in config


def _partly(generator):
    """What varies of a member, without one of its parameters perhaps: of an older space."""
    config = MIXED.sample(generator)
    del config["epochs"]
    if generator.random() < 0.5:
        del config[generator.choice(list(config))]
    return config


def test_what_a_source_lacks_is_as_in_the_start_or_the_middle():
    lacking = [({"lr": 0.1, "optimizer": "sgd"}, 1.0), ({"lr": 0.2, "optimizer": "adam"}, 2.0)]
    (best,) = first_configs([source("a", lacking)], MIXED, LOSS, 1)
    assert best == {"lr": 0.1, "width": 7, "optimizer": "sgd", "momentum": 0.9}
    (best,) = first_configs([source("a", [({"x": 0.1}, 1.0), ({"x": 0.2}, 2.0)])], PLANE, LOSS, 1)
    assert best == at(0.1, 0.5)


def test_no_config_breaks_a_constraint_of_the_space():
    space = SearchSpace("bound", training=PLANE.training, constraints=("x + y <= 1",))
    values = [(at(0.9, 0.9), 0), (at(0.1, 0.2), 1), (at(0.2, 0.1), 7), (at(0.3, 0.1), 8)]
    assert first_configs([source("a", values)], space, LOSS, 1) == (at(0.1, 0.2),)


def test_no_config_lies_outside_the_space():
    values = [(at(1.5, 0.5), 0), (at(0.1, 0.2), 1), (at(0.2, 0.1), 7), (at(0.3, 0.1), 8)]
    assert first_configs([source("a", values)], PLANE, LOSS, 1) == (at(0.1, 0.2),)


@pytest.mark.parametrize("sources", [[], [source("empty", [])]])
def test_without_trials_there_is_none(sources):
    assert first_configs(sources, PLANE, LOSS, 3) == ()
