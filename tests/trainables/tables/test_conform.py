"""A frame to be predicted for is made like the one that was learned from, or refused by name."""

import datetime
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st

from automl_on_ray.trainables.tables import conform as module
from automl_on_ray.trainables.tables.columns import column_of
from automl_on_ray.trainables.tables.conform import conform

KINDS = {"age": "number", "town": "category", "since": "date"}
FRAME = pd.DataFrame({"age": [30, 41], "town": ["Ulm", None], "since": ["2020-01-31", None]})


def refused(frame, kinds=KINDS, **keywords):
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        conform(frame, kinds, **keywords)
    return str(caught.value)


def test_columns_have_the_types_of_a_tables_features():
    made = conform(FRAME, KINDS)

    assert made.dtypes.astype(str).tolist() == ["float64", "object", "datetime64[ns]"]
    assert made["age"].tolist() == [30, 41]
    assert made["town"][0] == "Ulm"
    assert np.isnan(made["town"][1])
    assert made["since"][0] == pd.Timestamp("2020-01-31")


def test_another_order_and_more_columns_make_no_difference():
    other = FRAME.assign(more=1)[["more", "since", "town", "age"]]

    pd.testing.assert_frame_equal(conform(other, KINDS), conform(FRAME, KINDS))


def test_the_index_stays_and_categories_may_be_unseen():
    made = conform(FRAME.assign(town="elsewhere").set_axis([7, 9]), KINDS)

    assert made.index.tolist() == [7, 9]
    assert made["town"].tolist() == ["elsewhere"] * 2


def test_a_polars_frame_is_one_too():
    pd.testing.assert_frame_equal(conform(pl.from_pandas(FRAME), KINDS), conform(FRAME, KINDS))


def test_names_may_have_spaces_around_them():
    assert conform(FRAME.rename(columns={"age": " age"}), KINDS)["age"].tolist() == [30, 41]


def test_texts_of_numbers_are_numbers_and_signs_of_missing_ones_missing():
    made = conform(FRAME.assign(age=["1,200", "?"]), KINDS)

    np.testing.assert_array_equal(made["age"], [1200, np.nan])


def test_infinite_numbers_are_missing():
    assert conform(FRAME.assign(age=[np.inf, 1]), KINDS)["age"].isna().tolist() == [True, False]
    for dtype in (float, object, str):
        infinite = pd.Series([np.inf, -np.inf], dtype=dtype)
        assert conform(FRAME.assign(age=infinite), KINDS)["age"].isna().all()


def test_odd_values_among_others_are_missing():
    made = conform(FRAME.assign(age=[1, "abc"], since=["2020-01-31", "soon"]), KINDS)
    assert made["age"].isna().tolist() == made["since"].isna().tolist() == [False, True]


def test_a_frame_without_rows_is_made_too():
    assert conform(FRAME.iloc[:0], KINDS).shape == (0, 3)


def test_missing_columns_are_refused_by_name():
    assert refused(FRAME[["town"]]) == "The frame has no column 'age', 'since'."


def test_columns_of_one_name_are_refused():
    twice = pd.concat([FRAME, FRAME[["age"]]], axis=1)

    assert refused(twice) == "The frame has several columns called 'age'."


def test_values_of_another_kind_are_refused():
    assert refused(FRAME.assign(age=["old", "young"])) == (
        "Column 'age' must hold numbers, but holds 'old'."
    )
    assert refused(FRAME.assign(since="yesterday")) == (
        "Column 'since' must hold dates, but holds 'yesterday'."
    )
    assert refused(FRAME.assign(since=5)) == "Column 'since' must hold dates, but holds 5."
    assert refused(FRAME.assign(town=[["a"], ["b"]])) == (
        "Column 'town' must hold single values, not lists."
    )
    assert refused([1]) == "A data frame is expected, not list."


def test_a_date_of_unclear_order_is_read_as_in_the_column_that_was_learned_from():
    frame = pd.DataFrame({"d": ["3/4/2020"]})
    for order, date in (("day first", "2020-04-03"), ("month first", "2020-03-04")):
        made = conform(frame, {"d": "date"}, {"d": order})
        assert made["d"][0] == pd.Timestamp(date)

    assert refused(frame, {"d": "date"}) == "Column 'd' must hold dates, but holds '3/4/2020'."


def test_a_decimal_comma_is_read_as_in_the_column_that_was_learned_from():
    frame = pd.DataFrame({"x": ["1,234"]})

    assert conform(frame, {"x": "number"})["x"][0] == 1234
    assert conform(frame, {"x": "number"}, {"x": "decimal comma"})["x"][0] == 1.234


def test_times_of_the_day_are_read_as_in_the_column_that_was_learned_from():
    column = column_of(pd.Series([datetime.time(hour, 30) for hour in range(24)], name="at"))
    made = conform(pd.DataFrame({"at": ["9:15", "late"]}), {"at": "number"}, {"at": column.written})

    np.testing.assert_array_equal(made["at"], [33_300, np.nan])


@pytest.mark.parametrize("raw", [[1, 0, None], ["true", "FALSE", ""], ["1", "0", "NA"],
                                 pd.array([True, False, None], "boolean")], ids=str)  # fmt: skip
def test_truth_may_be_written_as_0_and_1_as_databases_do(raw):
    column = column_of(pd.Series([True, False] * 10, name="is"))
    made = conform(pd.DataFrame({"is": raw}), {"is": column.kind}, {"is": column.written})

    assert made["is"].tolist()[:2] == ["True", "False"]
    assert made["is"].isna().tolist() == [False, False, True]


def test_of_many_missing_columns_the_first_are_named():
    with pytest.raises(ValueError, match=r"no column 'c0', .*'c11' and 8 more\.$"):
        conform(pd.DataFrame(), {f"c{number}": "number" for number in range(20)})


def test_names_of_several_levels_are_found():
    frame = pd.DataFrame({("a", 1): [5.0]})

    assert conform(frame, {"('a', 1)": "number"})["('a', 1)"].tolist() == [5]


@pytest.mark.parametrize("raw", [
    ["01000", "20095", None], [1000, 20095, None], pd.array([1000, 20095, None], "Int64"),
], ids=str)  # fmt: skip
def test_numbers_get_back_the_zeros_of_codes_of_one_width(raw):
    column = column_of(pd.Series(["01000", "20095"] * 20, name="zip"))
    made = conform(pd.DataFrame({"zip": raw}), {"zip": column.kind}, {"zip": column.written})

    assert made["zip"].tolist()[:2] == ["01000", "20095"]
    assert made["zip"].isna().tolist() == [False, False, True]


def test_numbers_stay_as_they_are_where_codes_have_several_widths():
    column = column_of(pd.Series(["01", "001"] * 20, name="x"))

    assert (
        conform(pd.DataFrame({"x": [1]}), {"x": column.kind}, {"x": column.written})["x"][0] == "1"
    )


TEXTS = st.none() | st.sampled_from([
    "1", "2.5", "1,5", "1.234,5", "$4", "abc", "x y", "2020-01-31", "31.1.2020", "2/3/2020",
    "13/3/2020", "true", "False", "007", "?", "NA", "inf",
])  # fmt: skip


@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_what_was_learned_from_is_made_again_from_the_same_texts(texts):
    raw = pd.Series(texts, name="x", dtype=object)
    column = column_of(raw)
    if column.left_out:
        return

    made = conform(raw.to_frame(), {"x": column.kind}, {"x": column.written})["x"]

    expected = np.asarray(column.values, made.dtype)
    pd.testing.assert_series_equal(made, pd.Series(expected, name="x", dtype=made.dtype))


def test_it_needs_nothing_of_this_project():
    code = (
        "import runpy, sys; runpy.run_path(sys.argv[1]); "
        "print({m.partition('.')[0] for m in sys.modules} & {'automl_on_ray', 'sklearn', 'ray'})"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code, module.__file__], capture_output=True, text=True
    )

    assert ran.stdout.strip() == "set()", ran.stderr
