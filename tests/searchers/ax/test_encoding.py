"""Configs to Ax's parameters and back."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.searchers._constraints import parse_constraints
from automl_on_ray.searchers.ax import Encoding
from automl_on_ray.searchers.members import from_unit, values, varying

bounds = st.tuples(st.integers(-1000, 1000), st.integers(1, 500)).map(lambda b: (b[0], b[0] + b[1]))
anything = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3), st.floats(-2, 2),
    st.tuples(st.integers(0, 3), st.text(max_size=1)),
)  # fmt: skip
domains = st.one_of(
    bounds.map(lambda b: tune.uniform(*b)),
    st.floats(1e-12, 1e-3).map(lambda width: tune.uniform(0.1, 0.1 + width)),
    st.floats(1e-9, 1e-3).map(lambda low: tune.loguniform(low, low * 1.1)),
    st.integers(1001, 2**40).map(lambda width: tune.randint(-5, width)),
    st.integers(1001, 10**12).map(lambda high: tune.lograndint(1, high)),
    st.sampled_from([8, 48]).map(lambda q: tune.qrandint(q, 16384 * q, q)),
    st.sampled_from([8, 48]).map(lambda q: tune.qlograndint(1, 16384 * q, q)),
    st.just(tune.quniform(0, 3000, 0.5)),
    st.just(tune.qloguniform(0.5, 3000, 0.5)),
    bounds.map(lambda b: tune.randint(*b)),
    st.floats(1e-6, 1.0).map(lambda low: tune.loguniform(low, low * 1000)),
    st.integers(1, 50).map(lambda low: tune.lograndint(low, low * 20 + 1)),
    st.sampled_from([0.1, 0.25, 0.5]).map(lambda q: tune.quniform(0, 4, q)),
    st.sampled_from([2, 3, 16]).map(lambda q: tune.qrandint(0, 96, q)),
    st.lists(anything, min_size=1, max_size=5, unique_by=repr).map(tune.choice),
)


@st.composite
def spaces(draw):
    training = {"free": tune.uniform(0, 1)}
    training |= {f"key/{index}.a-b": draw(domains) for index in range(draw(st.integers(0, 6)))}
    training |= {"kind": tune.choice(["a", "b", None]), "child": draw(domains)}
    shown = draw(st.lists(st.sampled_from(["a", "b", None]), min_size=1, unique=True))
    conditions = {"child": Condition("kind", tuple(shown))}
    return SearchSpace("drawn", training=training, conditions=conditions)


@settings(deadline=None)
@given(spaces(), st.data())
def test_a_config_comes_back_as_it_was(space, data):
    encoding = Encoding(space)
    units = {key: data.draw(st.floats(0, 1, exclude_max=True)) for key in space.domains}
    drawn = {key: from_unit(domain, units[key]) for key, domain in space.domains.items()}
    config = varying(space, drawn)
    space.check({**space.constants, **config})
    codes = encoding.encode(config)
    for keywords in encoding.parameters():
        if keywords["parameter_type"] == "float":
            assert keywords["bounds"] == (0.0, 1.0)
            assert 0 <= codes[keywords["name"]] <= 1
    back = encoding.decode(codes)
    space.check({**space.constants, **back})
    assert back.keys() == config.keys()
    for key, value in config.items():
        assert type(back[key]) is type(value)
        assert back[key] == (pytest.approx(value) if isinstance(value, float) else value)


@settings(deadline=None)
@given(spaces())
def test_equal_configs_are_equal_to_ax_whatever_was_proposed_for_inactive_parameters(space):
    encoding = Encoding(space)
    config = varying(space, {key: from_unit(d, 0.4) for key, d in space.domains.items()})
    codes = encoding.encode(config)
    assert encoding.encode(encoding.decode(codes)) == pytest.approx(codes, abs=1e-3)


def test_a_constraint_between_raw_values_is_one_between_codes():
    space = SearchSpace(
        "constrained",
        training={
            "x": tune.uniform(-2, 3), "y": tune.uniform(0, 1e-7), "n": tune.randint(0, 10**9),
            "k": tune.randint(3, 9), "q": tune.quniform(1, 2, 0.25),
            "w": tune.qrandint(8, 16384, 8),
        },
        constraints=("x + 1e7 * y - 1e-9 * n + k <= 4.5", "q + w / 16384 >= 1.7"),
    )  # fmt: skip
    encoding = Encoding(space)
    rules = parse_constraints(space)
    generator = np.random.default_rng(0)
    for _ in range(300):
        config = varying(space, space.sample(generator))
        codes = encoding.encode(config)
        for rule, text in zip(rules, encoding.constraints(), strict=True):
            assert rule.holds(config) == eval(text, {}, codes)


@settings(deadline=None)
@given(domains, st.floats(0, 1, exclude_max=True))
def test_every_point_of_the_unit_interval_is_a_member(domain, unit):
    space = SearchSpace("one", training={"x": domain})
    space.check({"x": from_unit(domain, unit)})


def test_quantised_domains_have_the_values_that_tune_draws():
    for domain in (tune.quniform(0, 1, 0.25), tune.qrandint(0, 64, 16), tune.randint(2, 6)):
        drawn = {domain.sample() for _ in range(300)}
        assert drawn == set(values(domain))
