"""Reading what a study is after."""

import pytest
from hypothesis import given, strategies as st

from automl_on_ray.search_spaces.core import (
    Objective,
    UserError,
    parse_objectives,
    reported_instead,
)

# Whatever a line can hold, but spaces around it and double quotes, which this notation needs.
NAMES = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=" ,-", exclude_characters='"'), min_size=1, max_size=12).filter(lambda name: name == name.strip())  # fmt: skip  # noqa: E501


def test_a_minus_sign_minimises():
    assert parse_objectives("val_accuracy, -parameters") == (
        Objective("val_accuracy", "max"),
        Objective("parameters", "min"),
    )
    assert parse_objectives(" - loss ") == (Objective("loss", "min"),)


@pytest.mark.parametrize(
    "name",
    ["metrics/mAP50-95(B)", "mAP@[.5:.95]", "mAP@[.5, .95]", "top-1%", "val loss", "1-f1", "1acc",
     "lambda", "E", "map@50", "IoU(0.5,0.75)", "κ", "f₁", "a/b/c", "loss[", "`x`", "a=b", "'q'",
     "é" * 40],
)  # fmt: skip
def test_metrics_of_any_spelling_are_objectives_as_they_are_written(name):
    assert parse_objectives(name) == (Objective(name),)
    assert parse_objectives(f"other, -{name}") == (Objective("other"), Objective(name, "min"))


def test_a_name_with_a_comma_or_a_leading_minus_sign_stands_in_quotes():
    assert parse_objectives('"f1, macro", -"-loss"') == (
        Objective("f1, macro"),
        Objective("-loss", "min"),
    )


@given(st.lists(st.tuples(NAMES, st.booleans()), min_size=1, unique_by=lambda pair: pair[0]))
def test_what_an_objective_is_written_as_reads_back_as_itself(pairs):
    objectives = tuple(Objective(name, "min" if less else "max") for name, less in pairs)
    assert parse_objectives(", ".join(map(str, objectives))) == objectives


@pytest.mark.parametrize("text", ["", "a,", "--a", "-", "a,,b", " ", "a\nb", ","])
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


def test_what_was_reported_instead_of_a_metric_is_told_without_tunes_own():
    report = {"loss": 1.0, "scores": 2.0, "pid": 7, "done": True, "config/x": 1}
    told = reported_instead("score", report)
    assert told == "'score'; it reported: loss, scores. Did you mean 'scores'?"
    assert reported_instead("score", {"pid": 7}) == "'score'; it reported: nothing."
    as_text = reported_instead("score", {"score": "0.9", "loss": 1.0})
    assert as_text == "'score' as a number: it is a str, '0.9'."
