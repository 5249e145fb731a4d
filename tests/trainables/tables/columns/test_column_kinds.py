"""What a column is taken for, by all of its values."""

import datetime
import uuid

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.trainables.tables.columns import column_of

RNG = np.random.default_rng(0)


def column(values, name="x", **keywords):
    dtype = object if isinstance(values, list) else None
    return column_of(pd.Series(values, dtype=dtype, name=name), **keywords)


@pytest.mark.parametrize(("values", "expected"), [
    (["1", " 2.5 ", None], [1, 2.5, np.nan]),
    (["1,234.5", "99", "2,000"], [1234.5, 99, 2000]),
    (["1.234,5", "99,25", "7"], [1234.5, 99.25, 7]),
    (["0,123", "0,250"], [0.123, 0.25]),
    (["$3", "-$4.50", "€1,000"], [3, -4.5, 1000]),
    (["10 %", "5%", "?"], [10, 5, np.nan]),
    (["1e3", "+5", "-"], [1000, 5, np.nan]),
    (["13:45", " 0:00:30.5"], [49500, 30.5]),
    ([datetime.time(1, 2, 3), datetime.time(0, 0, 1, 250_000), None], [3723, 1.25, np.nan]),
    ([1, "2", 3.5], [1, 2, 3.5]),
    (np.array([3, 1, 2], "uint8"), [3, 1, 2]),
    (pd.array([3, None, 2], "Int64"), [3, np.nan, 2]),
    (pd.to_timedelta(["1 min", "2 s", None]), [60, 2, np.nan]),
], ids=str)  # fmt: skip
def test_numbers_may_be_written_as_text(values, expected):
    found = column(values)

    assert found.kind == "number"
    np.testing.assert_array_equal(found.values, expected)


@pytest.mark.parametrize("values", [
    ["2020-01-31", "2021-12-01", None], ["31.1.2020", "1.12.2021", None],
    ["31/01/2020", "01/12/2021", None], ["01/31/2020", "12/1/21", None],
    ["31 Jan 2020", "December 1, 2021", None], ["31-JAN-20", "1-Dec-2021", ""],
    [datetime.date(2020, 1, 31), datetime.date(2021, 12, 1), None],
    pd.to_datetime(["2020-01-31", "2021-12-01", None]).tz_localize("UTC"),
    pd.to_datetime(["2020-01-31", "2021-12-01", None]).as_unit("s"),
], ids=str)  # fmt: skip
def test_dates_may_be_written_in_many_ways(values):
    found = column(values)

    assert found.kind == "date"
    assert found.values.dtype == "datetime64[ns]"
    np.testing.assert_array_equal(
        found.values, np.array(["2020-01-31", "2021-12-01", "NaT"], "datetime64[ns]")
    )


def test_months_are_dates_too():
    expected = np.array(["2020-01-01", "2021-12-01"], "datetime64[ns]")
    for values in (["2020-01", "2021-12"], pd.PeriodIndex(["2020-01", "2021-12"], freq="M")):
        np.testing.assert_array_equal(column(values).values, expected)


def test_times_of_the_day_and_zones_are_kept():
    found = column(["2020-01-31T10:00:00+02:00", "1/31/2020 5:03:01 PM", "2020-01-31 23:59:59.5"])

    assert found.values.astype(str).tolist() == [
        "2020-01-31T08:00:00.000000000", "2020-01-31T17:03:01.000000000",
        "2020-01-31T23:59:59.500000000",
    ]  # fmt: skip


def test_dates_in_two_formats_are_read_and_said():
    found = column(["2020-01-31", "31.1.2020", "2020-02-01 10:00"])

    assert found.kind == "date"
    assert found.remark == "its dates are written in 2 ways; all were read"


def test_days_and_months_in_both_orders_cannot_be_told_apart():
    found = column(["31/1/2020", "1/31/2020", "3/4/2020"])

    assert found.left_out == (
        "its dates have the day first in some rows and the month first in others"
    )


def test_a_date_of_unclear_order_is_said():
    found = column(["3/4/2020", "5/6/2020"])

    assert found.written == "month first"
    assert str(found.values[0])[:10] == "2020-03-04"
    assert found.remark == (
        "dates such as 3/4/2020 are read with the month first; 2020-01-31 would be clear"
    )


def test_one_clear_date_says_how_the_others_are_read():
    found = column(["3/4/2020", "31/6/2020", "25/12/2020"] + ["1/2/2020"] * 200)

    assert (found.kind, found.written) == ("date", "day first")
    assert str(found.values[0])[:10] == "2020-04-03"
    assert found.remark == "'31/6/2020' (1 rows) taken as missing"


def test_dates_out_of_reach_are_missing_and_said():
    assert column(["2020-01-31"] * 200 + ["9999-12-31"]).remark == (
        "'9999-12-31' (1 rows) taken as missing"
    )
    assert column(np.array(["2020-01-31", "2021-01-01", "9999-12-31"], "datetime64[s]")).remark == (
        "1 dates before 1678 or after 2262 are taken as missing"
    )


@pytest.mark.parametrize("values", [
    [True, False, None], ["true", "FALSE", None], pd.array([True, False, None], "boolean"),
    pd.Categorical([True, False, None]),
], ids=str)  # fmt: skip
def test_truth_is_a_category(values):
    found = column(values)

    assert found.kind == "category"
    assert list(found.values.categories) == ["False", "True"]
    assert found.values.codes.tolist() == [1, 0, -1]


def test_a_frames_categories_stay_categories_and_unused_ones_are_dropped():
    found = column(pd.Categorical([1, 2, 2], categories=[1, 2, 3]))

    assert (found.kind, list(found.values)) == ("category", ["1", "2", "2"])
    assert list(found.values.categories) == ["1", "2"]


def test_codes_with_zeros_in_front_are_categories():
    found = column(["007", "010", "123"])

    assert (found.kind, list(found.values)) == ("category", ["007", "010", "123"])
    assert found.written == "000"
    assert found.remark == (
        "its codes have zeros in front; to predict for a frame of pandas.read_csv, read 'x' as "
        "text: dtype={'x': str}"
    )
    assert column(["007", "10", "a"]).written == column(["007", "10"]).written == "0"
    assert column(["7", "a", "b"]).written == column(["7", "a", "b"]).remark == ""


def test_few_words_among_numbers_are_missing_and_said():
    found = column(["5", "7"] * 200 + ["error", "n/a"])

    assert found.kind == "number"
    assert np.isnan(found.values[-2:]).all()
    assert found.remark == "'error' (1 rows) taken as missing"


@pytest.mark.parametrize(("values", "said"), [
    (["5", "7", "8", "low", "low"],
     "it holds numbers, but others such as 'low' in 2 rows; taken as categories"),
    (["2020-01-31", "2020-02-01", "2020-03-01", "later"],
     "it holds dates, but others such as 'later' in 1 rows; taken as categories"),
])  # fmt: skip
def test_many_words_among_others_make_a_category_and_are_said(values, said):
    found = column(values)

    assert (found.kind, found.remark) == ("category", said)
    assert list(found.values) == values


def test_infinite_numbers_are_missing_and_said():
    found = column(np.array([1, np.inf, 2, -np.inf]))

    assert np.isnan(found.values).tolist() == [False, True, False, True]
    assert found.remark == "2 infinite numbers are taken as missing"
    assert column(["1"] * 150 + ["2", "inf"]).remark == "'inf' (1 rows) taken as missing"


@pytest.mark.parametrize(("values", "why"), [
    ([None, None], "all of its values are missing"),
    (["NA", ""], "all of its values are missing"),
    (np.array([np.nan, np.nan]), "all of its values are missing"),
    (np.array([np.inf, np.nan]),
     "all of its values are missing; 1 infinite numbers are taken as missing"),
    ([3, 3, 3], "it has one value only"),
    (["a", "a"], "it has one value only"),
    ([datetime.date(2020, 1, 1)] * 2, "it has one value only"),
    ([[1], [2, 3]], "it holds lists"),
    ([np.array([1]), None], "it holds lists"),
    ([{"a": 1}, None], "it holds records"),
    ([b"a", b"b"], "it holds bytes"),
    (np.array([1j, 2]), "it holds complex numbers"),
    (np.arange(5, 30), "it is an id: each row has a number of its own"),
    (RNG.permutation(30), "it is an id: each row has a number of its own"),
    ([str(uuid.UUID(int=i)) for i in range(30)], "it is an id: each row has a value of its own"),
    ([f"c{i}" for i in range(95)] + ["c0"] * 5,
     "it is nearly an id: 95 different values in 100 rows"),
    ([f"this is what customer {i} wrote" for i in range(60)] + [None] * 40,
     "it is text: 60 different ones in 60 rows"),
], ids=str)  # fmt: skip
def test_what_cannot_be_learned_from_is_left_out_with_the_reason(values, why):
    assert column(values).left_out == why


def test_numbers_that_differ_in_each_row_are_an_id_where_they_are_called_so():
    values = RNG.choice(10**6, 50, replace=False)

    for name in ("id", "customer_id", "customerId", "CustomerID", "key"):
        assert column(values, name).left_out
    for name in ("valid", "price", "acid", "monkey"):
        assert column(values, name).kind == "number"


def test_a_value_and_missing_ones_tell_two_things_apart():
    assert column(["yes", None]).kind == "category"
    assert column(np.array([1, np.nan])).kind == "number"


def test_what_orders_the_rows_in_time_may_number_them():
    assert column(np.arange(1950, 2000), ordered=True).kind == "number"


def test_ten_thousand_categories_stay_categories():
    values = [f"c{i}" for i in RNG.integers(0, 10_000, 30_000)]

    found = column(values)

    assert found.kind == "category"
    assert list(found.values) == values
