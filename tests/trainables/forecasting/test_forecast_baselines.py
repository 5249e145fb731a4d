import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.forecasting import BASELINES, MEDIAN, History, scores
from automl_on_ray.trainables.forecasting.baselines import ets, seasonal_naive, theta
from automl_on_ray.trainables.forecasting.baselines.seasons import are_seasonal, seasons_of

HORIZON = 8


def history(rows, season=4):
    rows = tuple(np.asarray(each, float) for each in rows)
    none = tuple(np.empty((len(each), 0)) for each in rows)
    return History(rows, season, HORIZON, none, none)


def quarterly(count, *, steps=60, noise=1.0, trend=0.5, seed=0):
    """(count, steps + HORIZON): level 50, a trend, a season of 4 and noise."""
    draw, at = np.random.default_rng(seed), np.arange(steps + HORIZON)
    season = np.tile([10, -4, 0, -6], len(at))[: len(at)]
    return 50 + trend * at + season + noise * draw.normal(size=(count, len(at)))


def test_seasonal_naive_says_the_last_season_again():
    said = seasonal_naive(history([np.arange(10.0)]))[0, :, MEDIAN]
    assert said.tolist() == [6, 7, 8, 9] * 2


def test_seasonal_naive_of_less_than_a_season_says_the_last_value():
    assert seasonal_naive(history([[1, 5]]))[0, :, MEDIAN].tolist() == [5] * HORIZON


def test_theta_goes_on_with_half_of_a_lines_slope():
    said = theta(history([np.arange(40.0)], season=1))[0, :, MEDIAN]
    assert np.diff(said).tolist() == pytest.approx([0.5] * (HORIZON - 1))


def test_exponential_smoothing_finds_trend_and_season():
    series = quarterly(5, noise=0.1)
    said = ets(history(series[:, :60]))[:, :, MEDIAN]
    assert np.abs(said - series[:, 60:]).max() < 2


def test_theta_and_exponential_smoothing_are_ahead_of_naive_with_right_intervals():
    series = quarterly(300, noise=3)
    past, truth = history(series[:, :60]), series[:, 60:]
    found = {name: scores(forecast(past), truth, past) for name, forecast in BASELINES.items()}
    assert found["ETS"]["mase"] < found["seasonal naive"]["mase"]
    assert found["Theta"]["mase"] < found["seasonal naive"]["mase"]
    assert all(0.7 < each["coverage"] < 0.92 for each in found.values())


@pytest.mark.parametrize("name", BASELINES)
@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30), min_size=1, max_size=4))
def test_any_series_has_finite_forecasts_that_do_not_decrease_in_the_level(name, rows):
    said = BASELINES[name](history(rows))
    assert said.shape == (len(rows), HORIZON, 9)
    assert np.isfinite(said).all()
    assert (np.diff(said, axis=2) >= 0).all()


@pytest.mark.parametrize("name", BASELINES)
def test_a_forecast_depends_neither_on_other_series_nor_on_threads(name):
    series = [row[: 30 + i % 25] for i, row in enumerate(quarterly(600, noise=2))]
    together = BASELINES[name](history(series), threads=2)
    for i in (0, 333):
        alone = BASELINES[name](history([series[i]]))
        np.testing.assert_allclose(together[i], alone[0], rtol=1e-9)


@pytest.mark.parametrize("name", BASELINES)
def test_a_forecast_has_the_unit_of_the_series(name):
    series = quarterly(3)[:, :60]
    np.testing.assert_allclose(
        BASELINES[name](history(1000 * series)), 1000 * BASELINES[name](history(series)), rtol=1e-6
    )


@pytest.mark.parametrize("name", BASELINES)
def test_a_constant_series_stays_where_it_is(name):
    np.testing.assert_allclose(BASELINES[name](history([np.full(30, 7.0)])), 7, rtol=1e-6)
    np.testing.assert_allclose(BASELINES[name](history([np.zeros(30)])), 0, atol=1e-9)


def test_a_season_is_found_where_there_is_one():
    series = np.concatenate([quarterly(20, trend=0), 50 + quarterly(20, noise=0) * 0])
    series[20:] += np.random.default_rng(1).normal(size=series[20:].shape)
    found = are_seasonal(series, 4)
    assert found[:20].all()
    assert found[20:].mean() < 0.3


def test_a_season_is_taken_apart_as_it_was_put_together():
    ratios = np.array([1.2, 0.9, 1.1, 0.8])
    series = np.tile(ratios, 10)[None] * 30
    np.testing.assert_allclose(seasons_of(series, 4, ratio=True)[0], ratios)
    np.testing.assert_allclose(seasons_of(series, 4, ratio=False)[0], 30 * (ratios - 1), atol=1e-9)
