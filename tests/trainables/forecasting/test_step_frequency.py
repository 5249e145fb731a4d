import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.forecasting.frequency import (
    frequency_of,
    numbers_of,
    plain,
    season_of,
    times_after,
)

ALIASES = ["h", "30min", "D", "7D", "B", "MS", "ME", "QS", "QE", "YS", "YE", "2MS"]


def dates(alias, count=30):
    start = pd.Timestamp("2021-01-04")
    return pd.date_range(start, periods=count, freq=alias).to_numpy().astype("datetime64[ns]")


@pytest.mark.parametrize("alias", ALIASES)
def test_the_frequency_of_dates_is_found_and_gives_them_again(alias):
    times = dates(alias)
    found = frequency_of(times, np.zeros(30, int))
    assert found == alias
    assert (times_after(times[0], found, np.arange(30)) == times).all()
    assert numbers_of(times, np.repeat(times[:1], 30), found).tolist() == list(range(30))


@pytest.mark.parametrize("alias", ALIASES)
def test_it_is_written_as_pandas_may_write_it(alias):
    assert plain(alias) == alias


def test_other_names_of_the_same_are_understood():
    assert plain("W") == plain("W-WED") == "7D"
    assert plain("24h") == "D"
    assert plain("QS-APR") == "QS"


@pytest.mark.parametrize("wrong", ["often", "0", "-1", ""])
def test_what_is_no_step_is_an_error(wrong):
    with pytest.raises(ValueError):  # noqa: PT011 of pandas, in its words
        plain(wrong)


def test_months_may_fall_on_any_day():
    times = pd.to_datetime([f"2021-{month:02}-15" for month in range(1, 13)]).to_numpy()
    assert frequency_of(times, np.zeros(12, int)) == "MS"
    assert (times_after(times[0], "MS", np.arange(12)) == times).all()
    after = times_after(times[-1], "MS", np.arange(1, 3)).astype("datetime64[D]")
    assert after.astype(str).tolist() == ["2022-01-15", "2022-02-15"]


def test_a_month_without_such_a_day_has_its_last_one():
    after = times_after(np.datetime64("2021-01-30T06", "ns"), "MS", np.arange(3))
    assert after.astype("datetime64[h]").astype(str).tolist() == [
        "2021-01-30T06", "2021-02-28T06", "2021-03-30T06",
    ]  # fmt: skip


def test_gaps_do_not_hide_the_commonest_step():
    times = np.delete(dates("D"), [3, 4, 11])
    assert frequency_of(times, np.zeros(27, int)) == "D"


def test_a_time_between_two_steps_has_no_whole_number():
    firsts = dates("D")[:1]
    assert numbers_of(firsts + np.timedelta64(36, "h"), firsts, "D").tolist() == [1.5]


def test_series_of_one_row_have_no_frequency():
    assert frequency_of(dates("D", 2), np.arange(2)) is None


def test_usual_seasons():
    wanted = {"h": 24, "30min": 48, "D": 7, "B": 5, "7D": 52, "MS": 12, "QE": 4, "YS": 1, "1": 1}
    assert {alias: season_of(alias) for alias in wanted} == wanted


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["D", "h", "MS", "ME", "B", "QS"]), st.integers(1, 400))
def test_so_many_steps_after_a_time_is_that_number(alias, steps):
    start = dates(alias, 1)
    later = times_after(start[0], alias, np.array([steps]))
    assert numbers_of(later, start, alias).tolist() == [steps]


@given(
    st.integers(-5, 2030),
    st.integers(1, 60).map(str) | st.sampled_from(["MS", "QS", "D"]),
    st.integers(0, 100),
)
def test_whole_numbers_have_a_step_too(start, step, steps):
    """Those of a collection are months or quarters without dates."""
    later = times_after(start, step, np.array([steps]))
    assert numbers_of(later, np.array([start]), step).tolist() == [steps]
