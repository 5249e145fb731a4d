"""Raw columns become numbers and words, dates their parts."""

import numpy as np
import pandas as pd

from automl_on_ray.trainables.tables.preparation import Columns
from tests.trainables.tables.pipelines import dated


def test_a_date_becomes_days_and_the_parts_that_vary():
    frame = pd.DataFrame({"at": pd.to_datetime(["1970-01-02 12:00", "1970-03-01 00:00", None])})
    made = Columns().fit(frame).transform(frame)
    assert list(made) == ["at days", "at month", "at day", "at day_of_week", "at hour"]
    np.testing.assert_array_equal(made["at days"], [1.5, 59, np.nan])
    np.testing.assert_array_equal(made["at month"], [1, 3, np.nan])


def test_parts_of_a_date_take_no_other_columns_name():
    dates = pd.to_datetime(["1970-01-02", "1970-01-03"])
    frame = pd.DataFrame({"d days": [7.0, 8.0], "d": dates, "d day": dates, "d day days": "x"})
    made = Columns().fit(frame).transform(frame)
    assert list(made) == [
        "d days", "d days_", "d day_", "d day_of_week", "d day days_", "d day day",
        "d day day_of_week", "d day days",
    ]  # fmt: skip
    assert list(made["d days"]) == [7, 8]
    assert list(made["d days_"]) == [1, 2]
    assert list(made["d day days"]) == ["x", "x"]


def test_numbers_and_words_stay_what_they_are():
    frame = dated()
    made = Columns().fit(frame).transform(frame)
    np.testing.assert_array_equal(made["number"], frame["number"])
    assert made["word"].dtype == object
    assert made["word"].isna().sum() == frame["word"].isna().sum()


def test_numbers_beyond_all_measure_are_brought_to_a_bound():
    frame = pd.DataFrame({"x": [1.0, 1e300, -np.inf]})
    made = Columns().fit(frame).transform(frame)["x"]
    np.testing.assert_array_equal(made, [1.0, 1e15, np.nan])


def test_texts_of_any_type_of_pandas_are_the_same_words():
    columns = [pd.Series(["a", None], dtype=kind) for kind in (object, "str", "string", "category")]
    for column in columns:
        frame = column.to_frame("word")
        made = Columns().fit(frame).transform(frame)["word"]
        assert made[0] == "a"
        assert np.isnan(made[1])


def test_columns_are_found_by_name():
    frame = dated()
    fitted = Columns().fit(frame)
    turned = frame[frame.columns[::-1]].assign(other=1)
    pd.testing.assert_frame_equal(fitted.transform(turned), fitted.transform(frame))
