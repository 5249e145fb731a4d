"""Objectives and outcome constraints as Ax reads them."""

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.ax.outcomes import (
    ax_objective,
    ax_outcome_constraints,
    check_outcomes,
    metric_names,
    parse_outcome,
)

SPACE = SearchSpace("one", training={"x": tune.uniform(0, 1)})


def asked(*objectives, constraints=()):
    return SearcherSettings(SPACE, objectives, outcome_constraints=constraints)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("parameters <= 1e5", ("parameters", "<=", 1e5)), ("a>=-2", ("a", ">=", -2.0)),
        ('  "val/top 1"  <=  3 ', ("val/top 1", "<=", 3.0)), ("top 1 >= 3", ("top 1", ">=", 3.0)),
        ('"a <= b" <= 3', ("a <= b", "<=", 3.0)),
    ],
)  # fmt: skip
def test_a_constraint_is_a_metric_a_relation_and_a_bound(text, read):
    assert parse_outcome(text) == read


@pytest.mark.parametrize(
    "text", ["a < 1", "a == 1", "a <= b", "a <= nan", "a >= inf", "<= 1", "a <=", "1 <= a <= 2", ""]
)
def test_what_is_none_is_refused(text):
    with pytest.raises(UserError, match=r"cannot be read; write such as"):
        parse_outcome(text)


def test_metrics_are_numbered_once_each_objectives_first():
    settings = asked(
        Objective("accuracy"), Objective("loss", "min"),
        constraints=("size <= 5", "loss <= 0.5", "size >= 1"),
    )  # fmt: skip
    assert metric_names(settings) == {"accuracy": "m0", "loss": "m1", "size": "m2"}
    assert ax_objective(settings) == "m0, -m1"
    assert ax_outcome_constraints(settings) == ["m2 <= 5.0", "m1 <= 0.5", "m2 >= 1.0"]


def test_a_constraint_on_the_only_objective_says_nothing():
    with pytest.raises(UserError, match="'loss' says nothing, as it is the only objective"):
        check_outcomes(asked(Objective("loss"), constraints=("a <= 1", "loss <= 1")))
    check_outcomes(asked(Objective("loss"), constraints=("a <= 1",)))
    check_outcomes(asked(Objective("loss"), Objective("a"), constraints=("loss <= 1",)))
