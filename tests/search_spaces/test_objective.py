"""Reading what a study is after."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._objective import Objective, parse_objectives

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_/.@]{0,12}", fullmatch=True)


def test_a_minus_sign_minimises():
    assert parse_objectives("val_accuracy, -parameters") == (
        Objective("val_accuracy", "max"),
        Objective("parameters", "min"),
    )
    assert parse_objectives(" - loss ") == (Objective("loss", "min"),)


@given(st.lists(st.tuples(NAMES, st.booleans()), min_size=1, unique_by=lambda pair: pair[0]))
def test_what_an_objective_is_written_as_reads_back_as_itself(pairs):
    objectives = tuple(Objective(name, "min" if less else "max") for name, less in pairs)
    assert parse_objectives(", ".join(map(str, objectives))) == objectives


@pytest.mark.parametrize("text", ["", "a,", "--a", "a b", "3", "a; b", "-", "a,,b"])
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(UserError, match="cannot be read"):
        parse_objectives(text)


def test_a_metric_named_twice_is_refused():
    with pytest.raises(UserError, match="names a metric twice"):
        parse_objectives("a, -a")


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_better_is_higher_for_max_and_lower_for_min(one, two):
    assert Objective("m", "max").better(one, than=two) == (one > two)
    assert Objective("m", "min").better(one, than=two) == (one < two)


def test_nan_is_never_better():
    for mode in ("max", "min"):
        assert not Objective("m", mode).better(float("nan"), than=0.0)
