"""What the end of a study of forecasts fits again, as tasks of Ray, and keeps."""

import numpy as np
import pytest

from automl_on_ray.clusters import Resources
from automl_on_ray.studies.forecasting.fitted import Fits
from automl_on_ray.trainables.forecasting import BASELINES, load
from tests.studies.forecasting.panels import HORIZON, panel_of, sales

NAIVE = {"model": "seasonal_naive"}
UNKNOWN = {"model": "of_nobody"}


@pytest.fixture
def fits(ray_cluster, tmp_path):
    return Fits(panel_of(sales()), tmp_path, Resources(slots=1, cpus=1, gpus=0))


@pytest.mark.slow
def test_a_config_is_fitted_to_all_before_the_test_part_and_can_be_loaded(fits):
    (made,) = fits.again({"t_1": (NAIVE, 0)}).values()
    history, _ = fits.panel.history(None)
    assert np.array_equal(made.forecast, BASELINES["seasonal naive"](history))
    assert made.forecast.shape == (8, HORIZON, 9)
    assert made.seconds >= 0
    assert np.array_equal(load(fits.model("t_1")).predict(history), made.forecast)


@pytest.mark.slow
def test_what_was_made_is_not_made_again(fits):
    before = fits.again({"t_1": (NAIVE, 0)})
    after = fits.again({"t_1": (UNKNOWN, 0)})
    assert np.array_equal(before["t_1"].forecast, after["t_1"].forecast)


@pytest.mark.slow
def test_a_config_that_fails_is_left_out_with_a_warning(fits, capsys):
    made = fits.again({"t_1": (UNKNOWN, 0), "t_2": (NAIVE, 0)})
    assert list(made) == ["t_2"]
    told = " ".join("".join(capsys.readouterr()).split())
    assert "t_1 cannot be fitted to all steps, so it is left out" in told


@pytest.mark.slow
def test_the_baselines_are_forecast_too(fits):
    made = fits.baselines()
    assert list(made) == list(BASELINES)
    assert all(np.isfinite(one.forecast).all() for one in made.values())
