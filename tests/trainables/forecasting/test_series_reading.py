import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.forecasting.reading import read_series
from tests.trainables.forecasting.long_tables import sales

ASKED = {"time": "date", "series": ["store"], "target": "units", "known": [], "past": []}


def read(frame, **changed):
    return read_series(frame, {**ASKED, **changed})


def refusal(frame, **changed):
    with pytest.raises(UserError) as told:
        read(frame, **changed)
    said = str(told.value)
    assert "\n" not in said
    return said


def test_rows_of_one_series_and_time_are_refused_by_their_names():
    frame = pd.concat([sales(), sales().iloc[[3]]])
    assert "2023-01-04 00:00:00 of the series 'north'" in refusal(frame)


def test_gaps_are_left_open_and_the_first_is_named():
    found = read(sales().drop(index=[10, 11]))
    assert np.isnan(found.values[0][10:12]).all()
    assert "2 of 180 steps have no value, the first of them 2023-01-11" in found.remarks[-1]


def test_missing_targets_are_gaps():
    frame = sales()
    frame.loc[[0, 20, 89], "units"] = np.nan
    found = read(frame)
    assert len(found.values[0]) == 88
    assert np.isnan(found.values[0]).sum() == 1
    assert any("1 rows after the last 'units'" in remark for remark in found.remarks)


def test_a_series_without_any_target_is_left_out():
    frame = sales()
    frame.loc[frame["store"] == "north", "units"] = np.nan
    found = read(frame)
    assert found.ids == ("south",)
    assert any("'north'" in remark for remark in found.remarks)


def test_more_gaps_than_rows_are_refused():
    frame = sales().iloc[:90]
    frame = frame.iloc[np.random.default_rng(0).permutation(90)[:30]]
    assert "have no row" in refusal(frame, frequency="D")


def test_a_time_of_words_is_refused():
    frame = sales().assign(date=["a", "b", "c"] * 60)
    assert "must hold dates or whole numbers, but holds 'a'" in refusal(frame)


def test_a_time_of_quarters_or_words_of_their_own_is_refused_by_the_first():
    for form in ("quarter {}", "2020-Q{}"):
        frame = sales().assign(date=[form.format(i) for i in range(180)])
        said = f"must hold dates or whole numbers, but holds {form.format(0)!r}"
        assert said in refusal(frame)


def test_dates_written_as_text_are_read():
    frame = sales()
    found = read(frame.assign(date=frame["date"].dt.strftime("%d.%m.%Y")))
    assert found.frequency == "D"
    assert found.starts[0] == np.datetime64("2023-01-01")


def test_days_of_a_time_zone_stay_days_when_clocks_change():
    frame = sales()
    found = read(frame.assign(date=frame["date"].dt.tz_localize("Europe/Berlin")))
    assert found.frequency == "D"
    assert found.starts[0] == np.datetime64("2023-01-01")


def test_a_target_of_words_is_refused():
    assert "must hold numbers, but holds 'x'" in refusal(sales().assign(units="x"))


def test_infinite_numbers_are_taken_as_missing():
    frame = sales()
    frame.loc[5, "units"] = np.inf
    found = read(frame)
    assert np.isnan(found.values[0][5])
    assert "1 infinite numbers" in found.remarks[0]


def test_two_frequencies_are_refused_by_the_series():
    weekly = sales(stores=["weekly"], frequency="7D", steps=12)
    assert "'weekly' has a row every 7 steps" in refusal(pd.concat([sales(), weekly]))


def test_times_between_the_steps_are_refused():
    frame = sales()
    frame.loc[100, "date"] += pd.Timedelta(hours=5)
    said = refusal(frame)
    assert "2023-01-11 05:00:00 of the series 'south' is on no step of the frequency D" in said


def test_rows_without_a_time_or_series_are_left_out():
    frame = sales()
    frame.loc[89, "date"] = pd.NaT
    frame.loc[90, "store"] = None
    found = read(frame)
    assert [len(values) for values in found.values] == [89, 89]
    assert len(found.remarks) == 2


def test_without_a_column_of_series_there_is_one():
    found = read(sales(stores=["only"]), series=[])
    assert found.ids == ("units",)
    assert len(found.values[0]) == 90


def test_without_a_time_rows_are_in_order():
    found = read(sales(), time=None)
    assert [len(values) for values in found.values] == [90, 90]
    assert found.frequency == "1"


def test_several_columns_name_a_series():
    frame = sales().assign(item=[1.0, 2.0] * 90)
    found = read(frame, series=["store", "item"], frequency="2D")
    assert found.ids == ("north / 1", "north / 2", "south / 1", "south / 2")


def test_names_of_series_may_hold_anything():
    odd = ["a / b", "ü\n", '"', "'; --"]
    assert sorted(read(sales(stores=odd)).ids) == sorted(each.strip() for each in odd)


def test_a_covariate_of_words_is_refused_and_truth_is_0_and_1():
    frame = sales()
    assert "must hold numbers" in refusal(frame.assign(price="high"), known=["price"])
    found = read(frame.assign(price=frame["price"] > 1.5), known=["price"])
    assert set(np.unique(found.known[0])) == {0.0, 1.0}


def test_a_column_that_is_not_there_is_named_with_one_like_it():
    assert "'unit'" in (said := refusal(sales(), target="unit"))
    assert "units" in said


def test_a_covariate_that_is_not_there_is_called_as_in_the_options():
    assert "no column 'wind' for known ahead" in refusal(sales(), known=["wind"])
    assert "no column 'wind' for known past" in refusal(sales(), past=["wind"])


def test_a_column_has_one_role():
    assert "something else too" in refusal(sales(), known=["units"])


def test_a_frequency_that_pandas_does_not_know_is_refused():
    assert "is no frequency" in refusal(sales(), frequency="often")


@pytest.mark.slow
def test_a_million_rows_are_read():
    found = read(sales(steps=1000, stores=[f"s{i}" for i in range(1000)]))
    assert sum(map(len, found.values)) == 1_000_000


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(5, 40), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_rows_in_any_order_are_the_same_series(lengths, draw):
    frame = pd.concat([
        pd.DataFrame({"date": range(7, 7 + n), "store": f"s{i}", "units": np.arange(n) + 100.0 * i})
        for i, n in enumerate(lengths)
    ])  # fmt: skip
    order = list(range(len(frame)))
    draw.shuffle(order)
    found = read(frame.iloc[order].reset_index(drop=True))
    assert [values.tolist() for values in found.values] == [
        (np.arange(n) + 100.0 * i).tolist() for i, n in enumerate(lengths)
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [([1], "lists"), ({"a": 1}, "records"), (np.arange(2), "lists")],
)
def test_a_time_of_other_than_single_values_is_refused(value, said):
    frame = sales().assign(date=pd.Series([value] * len(sales())))
    assert f"holds {said}" in refusal(frame)
    assert "holds 'False'" in refusal(sales().assign(date=np.arange(180) % 2 == 0))


def monthly(times):
    return pd.DataFrame({"date": times, "units": np.arange(len(times)) % 5.0})


MONTHS = pd.date_range("2018-01-01", periods=40, freq="MS")


def test_months_that_are_unix_numbers_are_refused_with_how_to_write_them():
    seconds = MONTHS.astype("datetime64[s]").astype("int64")
    assert "pandas.to_datetime(times, unit='s')" in refusal(monthly(seconds), series=[])
    assert "pandas.to_datetime(times, unit='ms')" in refusal(monthly(seconds * 1000), series=[])


def test_months_on_days_that_differ_are_refused_with_the_frequency_that_takes_them():
    begins = [*MONTHS[:9], MONTHS[9] + pd.Timedelta(days=1), *MONTHS[10:]]
    assert "give --frequency MS" in refusal(monthly(begins), series=[])
    assert read(monthly(begins), series=[], frequency="MS").frequency == "MS"
    works = pd.date_range("2018-01-01", periods=40, freq="BME")
    assert "give --frequency ME" in refusal(monthly(works), series=[])
    assert len(read(monthly(works), series=[], frequency="ME").values[0]) == 40


def test_the_last_second_of_each_month_is_its_end():
    ends = pd.date_range("2018-01-31", periods=40, freq="ME") + pd.Timedelta("23:59:59")
    assert read(monthly(ends), series=[]).frequency == "ME"


@pytest.mark.parametrize("frequency", ["D", "MS"])
@pytest.mark.parametrize("start", ["2024-03-01", "2024-10-01"])
def test_days_with_offsets_across_a_change_of_clocks_are_the_days_of_their_place(start, frequency):
    times = pd.date_range(start, periods=60, freq=frequency, tz="Europe/Berlin")
    for written in ([time.isoformat() for time in times], pd.Series(list(times), dtype=object)):
        found = read(monthly(written), series=[])
        assert found.frequency == frequency
        assert found.starts[0] == np.datetime64(start)
        assert len(found.values[0]) == 60


def test_hours_with_offsets_across_a_change_of_clocks_are_those_of_utc():
    times = pd.date_range("2024-10-26", periods=60, freq="h", tz="Europe/Berlin")
    found = read(monthly([time.isoformat() for time in times]), series=[])
    assert (found.frequency, len(found.values[0])) == ("h", 60)
    assert found.starts[0] == np.datetime64("2024-10-25T22:00")
