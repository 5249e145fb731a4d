"""How hyperparameters become numbers, and which values of trials are compared."""

import math

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.importance.comparable import Comparable, comparable, value_at
from automl_on_ray.studies.importance.parameters import (
    Parameter,
    declared_of,
    encoded,
    parameters_of,
    word_of,
)
from tests.helpers.recorded import recorded

WORDS = Parameter("w", words=("a", "b", "c"))
LINEAR = Parameter("x", 10.0, 30.0)
LOG = Parameter("x", 0.01, 100.0, log=True)


@pytest.mark.parametrize(
    ("parameter", "value", "place"),
    [
        (LINEAR, 15, 0.25), (LINEAR, 0, 0.0), (LINEAR, 99, 1.0), (LINEAR, None, 0.5),
        (LINEAR, math.nan, 0.5), (LINEAR, "b", 0.5), (LOG, 0.1, 0.25), (LOG, 0, 0.5),
        (LOG, -1, 0.5), (LOG, 1000.0, 1.0), (Parameter("x", 2.0, 2.0), 2.0, 0.5),
        (Parameter("x"), -3, 0.0), (Parameter("x"), 0.75, 0.75),
    ],
)  # fmt: skip
def test_a_number_has_its_place_between_the_bounds(parameter, value, place):
    assert parameter.unit(value) == pytest.approx(place)
    assert parameter.codes(value) == [parameter.unit(value)]


def test_a_place_has_its_number_or_word():
    assert [LINEAR.at(unit) for unit in (0.0, 0.25, 1.0)] == [10.0, 15.0, 30.0]
    assert [LOG.at(unit) for unit in (0.0, 0.25, 1.0)] == pytest.approx([0.01, 0.1, 100.0])
    assert [WORDS.at(unit) for unit in (0.0, 0.3, 0.34, 0.7, 1.0)] == ["a", "a", "b", "c", "c"]


def test_a_word_is_a_column_of_its_own():
    assert (WORDS.columns, LINEAR.columns) == (3, 1)
    assert WORDS.codes("b") == [0.0, 1.0, 0.0]
    configs = [{"x": 20, "w": "a"}, {"w": "none of them"}]
    assert encoded([LINEAR, WORDS], configs).tolist() == [[0.5, 1, 0, 0], [0.5, 0, 0, 0]]
    assert encoded([LINEAR, WORDS], []).shape == (0, 4)
    assert (word_of(None), word_of(0.5), word_of("x" * 30)) == ("–", "0.5", "x" * 24)


def described(values, domain):
    declared = {"a": domain} if domain else {}
    (found,) = parameters_of([{"a": value} for value in values], declared)
    return found


@pytest.mark.parametrize(
    ("values", "domain", "found"),
    [
        ([1, 3], None, Parameter("a", 1.0, 3.0, integer=True)),
        ([1, 3.5], None, Parameter("a", 1.0, 3.5)),
        ([1, None], None, Parameter("a", 1.0, 1.0, integer=True)),
        ([math.nan, 2.0, math.inf, 4.0], None, Parameter("a", 2.0, 4.0)),
        ([math.nan, math.inf], None, Parameter("a", 0.0, 0.0)),
        ([0.01, 0.02, 1.0], None, Parameter("a", 0.01, 1.0, log=True)),
        ([0.01, 0.02, 0.999], None, Parameter("a", 0.01, 0.999)),
        ([0.01, 0.2, 1.0], None, Parameter("a", 0.01, 1.0)),
        ([0.0, 0.02, 1.0], None, Parameter("a", 0.0, 1.0)),
        ([True, False], None, Parameter("a", words=("False", "True"))),
        (["b", 1, None], None, Parameter("a", words=("1", "b"))),
        ([0.2, 0.3], {"kind": "float", "low": 0.0, "high": 1.0, "log": False},
         Parameter("a", 0.0, 1.0, declared=True)),
        ([0.2, 0.3], {"kind": "float", "low": 0.1, "high": 1.0, "log": True},
         Parameter("a", 0.1, 1.0, log=True, declared=True)),
        ([2, 3], {"kind": "int", "low": 1, "high": 8, "log": False},
         Parameter("a", 1.0, 8.0, integer=True, declared=True)),
        ([2, 3], {"kind": "choice", "values": [2, 3]}, Parameter("a", 2.0, 3.0, integer=True)),
    ],
)  # fmt: skip
def test_what_is_known_of_a_parameter_by_its_values_and_its_declaration(values, domain, found):
    assert described(values, domain) == found


def test_parameters_are_what_varies_but_for_the_seed():
    configs = [{"same": 1, "seed": 1, "b": 1, "a": "x"}, {"same": 1, "seed": 2, "b": 2, "new": 3}]
    assert [each.name for each in parameters_of(configs, {})] == ["b", "a", "new"]


def test_what_a_space_says_is_taken_where_it_is_known():
    said = {"a": {"kind": "choice"}}
    assert declared_of({"domains": said}) == said
    assert [declared_of(odd) for odd in ({}, {"domains": None}, {"domains": ["a"]})] == [{}] * 3


def run(name, *values, step=1, **more):
    curve = [(step * (i + 1), {"score": value}) for i, value in enumerate(values)]
    return recorded(name, {"x": name}, curve, **more)


def test_trials_are_compared_at_the_last_epoch_that_four_of_five_have_reached():
    trials = [run("a", 1.0), *(run(name, 2.0, 3.0) for name in "bcd"), run("e", 4.0, 5.0, 6.0)]
    found = comparable(trials, Objective("score"))
    assert (found.epochs, found.values) == (2, (3.0, 3.0, 3.0, 5.0))
    assert found.configs == [{"x": name} for name in "bcde"]
    assert comparable(trials[:4], Objective("score")).epochs == 1  # three of four are fewer
    assert comparable([], Objective("score")) == Comparable(0)


def test_trials_that_failed_or_have_no_value_are_not_compared():
    trials = [
        run("a", 1.0), run("b", 2.0, outcome="failed"), run("c", math.nan),
        recorded("d", {}, [(1, {"loss": 1.0})]), run("e", math.nan, 2.0), run("f", 0.0, 3.0),
    ]  # fmt: skip
    found = comparable(trials, Objective("score"))
    assert (found.epochs, [t.trial_id for t in found.trials]) == (1, ["a", "f"])
    assert found.values == (1.0, 0.0)


def test_a_value_is_the_last_report_by_then():
    trial = recorded("a", {}, [(1, {"score": 1.0}), (3, {"loss": 1.0}), (5, {"score": np.nan})])
    assert [value_at(trial, "score", epochs) for epochs in (0, 1, 4, 5, None)] == [
        (), (1.0,), (1.0,), (), (),
    ]  # fmt: skip
