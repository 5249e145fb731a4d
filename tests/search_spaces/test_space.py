"""Declaring a space, drawing members, and telling a member from what is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ray import tune

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._space import Condition, SearchSpace

SPACE = SearchSpace(
    name="example",
    architecture={"width": tune.randint(1, 9), "act": tune.choice(["relu", 1, 1.5, None, True])},
    training={
        "rate": tune.loguniform(1e-4, 1.0),
        "optimizer": tune.choice(["sgd", "adam"]),
        "momentum": tune.uniform(0.0, 1.0),
        "nesterov": tune.choice([False, True]),
        "classes": 10,
    },
    conditions={
        "momentum": Condition("optimizer", ("sgd",)),
        "nesterov": Condition("momentum", (0.5,)),
    },
)
MEMBER = {"width": 3, "act": "relu", "rate": 0.1, "optimizer": "adam", "classes": 10}


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_a_space_samples_is_a_member(seed):
    SPACE.check(SPACE.sample(np.random.default_rng(seed)))


@given(seed=st.integers(0, 2**32))
def test_the_same_generator_samples_the_same(seed):
    one, two = (SPACE.sample(np.random.default_rng(seed)) for _ in range(2))
    assert one == two


def test_samples_differ():
    generator = np.random.default_rng(0)
    assert len({SPACE.sample(generator)["rate"] for _ in range(20)}) == 20


def test_domains_and_constants_part_a_space():
    assert SPACE.constants == {"classes": 10}
    assert set(SPACE.domains) | set(SPACE.constants) == set(SPACE.all)


def test_a_parameter_goes_with_its_parent_and_takes_its_children_along():
    config = {**MEMBER, "momentum": 0.5, "nesterov": True}
    assert SPACE.active({**config, "optimizer": "sgd"}) == {**config, "optimizer": "sgd"}
    assert SPACE.active(config) == MEMBER
    assert "nesterov" not in SPACE.active({**config, "optimizer": "sgd", "momentum": 0.4})


def test_members_pass():
    SPACE.check(MEMBER)
    SPACE.check({**MEMBER, "rate": 1.0})
    SPACE.check({**MEMBER, "rate": 1})
    SPACE.check({**MEMBER, "optimizer": "sgd", "momentum": 0.3})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 1}, "'height', which space 'example' does not know; it declares width"),
        ({"width": 9}, "width=9, outside"),
        ({"width": 0}, "width=0, outside"),
        ({"width": 3.0}, "width=3.0, outside"),
        ({"width": True}, "width=True, outside"),
        ({"rate": 1e-5}, "rate=1e-05, outside"),
        ({"rate": float("nan")}, "rate=nan, outside"),
        ({"rate": "0.1"}, "rate='0.1', outside"),
        ({"act": "gelu"}, "act='gelu', outside"),
        ({"act": False}, "act=False, outside"),
        ({"optimizer": "sgd"}, "lacks 'momentum'"),
    ],
)
def test_what_is_no_member_is_refused_by_name(change, message):
    with pytest.raises(UserError, match=message):
        SPACE.check({**MEMBER, **change})


def test_a_parameter_whose_condition_does_not_hold_is_not_missed():
    SPACE.check(MEMBER)
    with pytest.raises(UserError, match="lacks 'optimizer'"):
        SPACE.check({key: value for key, value in MEMBER.items() if key != "optimizer"})


@pytest.mark.parametrize("value", [1, True, 1.5, None, "relu"])
def test_choices_of_any_type_are_told_apart_by_type(value):
    SPACE.check({**MEMBER, "act": value})


@settings(max_examples=60, deadline=None)
@given(lower=st.integers(0, 20), steps=st.integers(1, 10), step=st.integers(2, 7), seed=st.data())
def test_what_a_stepped_integer_samples_is_a_member(lower, steps, step, seed):
    low = lower * step
    space = SearchSpace("steps", training={"n": tune.qrandint(low, low + steps * step, step)})
    generator = np.random.default_rng(seed.draw(st.integers(0, 1000)))
    for _ in range(10):
        space.check(space.sample(generator))


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"training": {"x": tune.uniform(2.0, 1.0)}}, "'x' has bounds reversed or equal"),
        ({"training": {"x": tune.randint(3, 3)}}, "'x' has bounds reversed or equal"),
        ({"training": {"x": tune.choice([])}}, "'x' is a choice of nothing"),
        ({"architecture": {"x": 1}, "training": {"x": 2}}, r"declares \['x'\] twice"),
        (
            {"training": {"x": 1}, "conditions": {"x": Condition("y", (1,))}},
            "condition on unknown parameter 'y'",
        ),
        (
            {"training": {"x": 1}, "conditions": {"z": Condition("x", (1,))}},
            "condition on unknown parameter 'z'",
        ),
    ],
)
def test_what_cannot_be_declared_is_refused(declaration, message):
    with pytest.raises(UserError, match=message):
        SearchSpace("wrong", **declaration)


def test_a_description_changes_whenever_the_space_does():
    def describe(**changes):
        declared = {"training": {"x": tune.uniform(0, 1), "y": tune.choice([1, 2])}, **changes}
        return SearchSpace("s", **declared).describe()

    base = describe()
    assert base == describe()
    others = [
        describe(training={"x": tune.uniform(0, 2), "y": tune.choice([1, 2])}),
        describe(training={"x": tune.loguniform(0.1, 1), "y": tune.choice([1, 2])}),
        describe(training={"x": tune.quniform(0, 1, 0.5), "y": tune.choice([1, 2])}),
        describe(training={"x": tune.uniform(0, 1), "y": tune.choice([2, 1])}),
        describe(conditions={"x": Condition("y", (1,))}),
        describe(constraints=("x + y <= 2",)),
    ]
    assert all(other != base for other in others)


def test_declarations_cannot_be_reassigned():
    with pytest.raises(AttributeError):
        SPACE.name = "other"
