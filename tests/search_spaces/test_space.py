"""Declaring a space, drawing members, and telling a member from what is none."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace, contains, nearest, step_of
from automl_on_ray.search_spaces.core import UserError

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
PAIR = {"a": tune.choice([1, 2]), "b": tune.choice([1, 2])}
MEMBER = {"width": 3, "act": "relu", "rate": 0.1, "optimizer": "adam", "classes": 10}


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_a_space_samples_is_a_member(seed):
    SPACE.check(SPACE.sample(np.random.default_rng(seed)))


@given(seed=st.integers(0, 2**32))
def test_the_same_generator_samples_the_same(seed):
    one, two = (SPACE.sample(np.random.default_rng(seed)) for _ in range(2))
    assert one == two


def test_what_is_given_is_not_drawn_and_decides_what_else_there_is():
    drawn = SPACE.sample(np.random.default_rng(0), {"optimizer": "sgd", "rate": 0.5})
    assert drawn["optimizer"] == "sgd"
    assert drawn["rate"] == 0.5
    assert "momentum" in drawn


def test_a_spaces_beliefs_go_with_it_to_processes_that_cannot_import_it():
    space = SearchSpace("s", training=PAIR, beliefs={"a": "choice(2: 3)"})
    assert [str(belief) for belief in space.flat.believed] == ["a ~ choice(1: 1, 2: 3)"]


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
        ({"training": {"o/a": 1, "o": {**PAIR}}}, "declares 'o/a' twice"),
        ({"training": {"o": {1: tune.uniform(0, 1)}}}, "key 1 must be text"),
    ],
)
def test_what_cannot_be_declared_is_refused(declaration, message):
    with pytest.raises(UserError, match=message):
        SearchSpace("wrong", **declaration)


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({"training": {**PAIR}, "conditions": {"a": Condition("a", (1,))}}, "circle, 'a' on 'a'"),
        (
            {
                "training": {**PAIR},
                "conditions": {"a": Condition("b", (1,)), "b": Condition("a", (1,))},
            },
            "circle, 'a' on 'b' on 'a'",
        ),
        (
            {"training": {**PAIR}, "conditions": {"a": Condition("b", (3,))}},
            "depends on b=3, which it never is",
        ),
        ({"training": {"x": tune.grid_search([1, 2])}}, "grid_search of 'x'"),
        ({"training": {"o": {"x": tune.grid_search([1]), **PAIR}}}, "grid_search of 'o/x'"),
        ({"training": {"x": tune.choice([{"eval": "1"}])}}, "eval of 'x'"),
        ({"training": {"x": tune.sample_from(lambda spec: 1)}}, "'x' is a sample_from"),
        ({"training": {"x": tune.choice([{"k": tune.randint(1, 5)}, {"k": 0}])}}, "holds domains"),
        ({"training": {"x": tune.qrandint(1, 7, 8)}}, "no multiple of 8 from 1 to 7"),
        ({"training": {"x": tune.randint(0, 2**65)}}, "beyond integers of 64 bits"),
        ({"training": {**PAIR}, "start": {"a": 1}}, "start of space 'wrong' is no member: .*'b'"),
        ({"training": {**PAIR}, "beliefs": {"c": "choice(1: 2)"}}, "Unknown parameter 'c'"),
        ({"training": {**PAIR}, "beliefs": {"a": "choice(3: 2)"}}, "Unknown option '3'"),
    ],
)
def test_what_cannot_be_searched_is_refused(declaration, message):
    """Not when it is declared: a module may hold other spaces too."""
    space = SearchSpace("wrong", **declaration)
    with pytest.raises(UserError, match=message):
        space.validate()


QUANTISED = [
    tune.qrandint(8, 16384, 8), tune.qrandint(1, 30000, 7), tune.qlograndint(1, 10**6, 8),
    tune.quniform(-1, 1, 0.1), tune.quniform(0, 5000, 0.5), tune.qloguniform(0.5, 10000, 0.5),
]  # fmt: skip


@pytest.mark.parametrize("domain", QUANTISED)
@settings(max_examples=50, deadline=None)
@given(value=st.floats(-1e7, 1e7), seed=st.integers(0, 2**32 - 1))
def test_the_nearest_value_of_a_domain_with_steps_is_one_of_its_values(domain, value, seed):
    assert contains(domain, nearest(domain, value))
    drawn = domain.sample(random_state=np.random.RandomState(seed))
    assert contains(domain, drawn)
    assert nearest(domain, drawn) == pytest.approx(drawn)
    assert not contains(domain, drawn + step_of(domain) / 2)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 1e308, pytest.param(10**400, id="a long integer")]
)
@pytest.mark.parametrize(
    "domain",
    [
        tune.uniform(0, 1), tune.quniform(0, 1, 0.1), tune.qloguniform(0.1, 1, 0.1),
        tune.qrandn(0, 1, 0.1), tune.randint(0, 9), tune.qrandint(0, 9, 3),
    ],
)  # fmt: skip
def test_no_domain_has_what_is_not_finite_or_far_outside(domain, value):
    assert not contains(domain, value)


def test_bounds_and_values_of_numpy_are_numbers_as_any():
    domain = SearchSpace("n", training={"x": tune.randint(np.int64(1), np.int64(5))}).all["x"]
    assert type(domain.lower) is int
    SearchSpace("n", training={"x": tune.randint(1, 5)}).check({"x": np.int64(4)})


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
        describe(beliefs={"x": "normal(0.5, 0.1)"}),
    ]
    assert all(other != base for other in others)


def test_what_varies_is_told_as_data_with_bounds_that_are_inside():
    training = {
        "rate": tune.loguniform(1e-4, 1), "size": tune.randint(1, 5), "n": tune.randn(0, 2),
        "wide": tune.qrandint(8, 64, 8), "kind": tune.choice(["a", None, len]), "fixed": 3,
    }  # fmt: skip
    space = SearchSpace("s", training=training, conditions={"rate": Condition("kind", ("a",))})
    told = space.as_data()
    assert json.loads(json.dumps(told)) == told
    conditional = {key: domain.pop("conditional") for key, domain in told.items()}
    assert conditional == {key: key == "rate" for key in training if key != "fixed"}
    assert told == {
        "rate": {"kind": "float", "low": 1e-4, "high": 1, "log": True},
        "size": {"kind": "int", "low": 1, "high": 4, "log": False},
        "wide": {"kind": "int", "low": 8, "high": 64, "log": False},
        "n": {"kind": "normal"},
        "kind": {"kind": "choice", "options": space.all["kind"].categories},
    }


def test_declarations_cannot_be_reassigned():
    with pytest.raises(AttributeError):
        SPACE.name = "other"
