import numpy as np
import pytest
from scipy.stats import norm

from automl_on_ray.trainables.forecasting import LEVELS, History, mase, scores, smape
from automl_on_ray.trainables.forecasting.metrics import coverage, scales, wql


def history(*values, season=1):
    rows = tuple(np.array(each, float) for each in values)
    none = tuple(np.empty((len(each), 0)) for each in rows)
    return History(rows, season, 2, none, none)


def flat(*points):
    """A forecast without spread."""
    return np.repeat(np.array(points, float)[:, :, None], len(LEVELS), axis=2)


def test_mase_is_scaled_by_the_seasonal_naive_error_within_the_history():
    past = history([1, 2, 3, 5], season=2)  # errors 2 and 3
    assert mase(flat([4, 4]), np.array([[5.0, 7.0]]), past).tolist() == [2 / 2.5]


def test_a_history_no_longer_than_a_season_is_scaled_by_its_single_steps():
    assert scales(history([1, 2, 4], season=4)).tolist() == [1.5]


def test_a_series_that_repeats_itself_is_scaled_by_the_others():
    assert scales(history([3, 3, 3], [0, 1, 3], [0, 4, 9])).tolist() == [3, 1.5, 4.5]
    assert scales(history([0, 0, 0])).tolist() == [1]


def test_smape_is_between_0_and_200_and_0_of_nothing():
    truth = np.array([[0.0, 1.0], [2.0, 2.0]])
    assert smape(flat([0, -1], [1, 2]), truth).tolist() == pytest.approx([100, 100 / 3])


def test_steps_of_which_nothing_is_known_are_passed_over():
    forecast, past = flat([1, 9], [2, 2]), history([0, 1], [0, 2])
    part = np.array([[2.0, np.nan], [2.0, 2.0]])
    assert mase(forecast, part, past).tolist() == [1, 0]
    assert np.isfinite(list(scores(forecast, part, past).values())).all()


def test_the_quantile_loss_of_a_forecast_without_spread_is_its_absolute_error():
    truth = np.array([[5.0, 7.0]])
    assert wql(flat([4, 8]), truth) == pytest.approx(2 / 12)


def test_right_quantiles_have_the_least_loss_and_cover_four_fifths():
    truth = np.random.default_rng(0).normal(10, 1, (500, 20))
    spread = np.broadcast_to(norm.ppf(LEVELS), (500, 20, 9))
    losses = {width: wql(10 + width * spread, truth) for width in (0.3, 1, 3)}
    assert min(losses, key=losses.get) == 1
    assert coverage(10 + spread, truth) == pytest.approx(0.8, abs=0.01)
