"""A trial fits a forecaster origin by origin, and keeps what it forecast of each."""

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.forecast import SPACE
from automl_on_ray.trainables.folds import read_folds
from automl_on_ray.trainables.forecasting import FORECASTS, Forecasts, load_panel, mase, scores
from tests.trainables.forecasting.drawn_series import CONFIGS
from tests.trainables.forecasting.sales import keywords, sales

SALES = sales()
BRIEF = {**CONFIGS["mlp"], "network_windows": 50_000, "network_batch": 512}


def trial(config, frame=SALES, **others):
    given = {"space": SPACE, **keywords(frame), **others}
    return tune.with_parameters(Forecasts, **given)(config=config)


def test_a_step_is_an_origin_and_all_metrics_are_reported():
    one = trial(CONFIGS["Theta"])
    reports = [one.step(), one.step()]
    assert [report["done"] for report in reports] == [False, True]
    for report in reports:
        assert set(Forecasts.METRICS) <= set(report)
        assert 0 <= report["val_coverage"] <= 1


def test_the_latest_origin_comes_first_and_is_judged_by_what_follows_it(tmp_path):
    one = trial(CONFIGS["Theta"])
    first = one.step()
    panel = load_panel(keywords(SALES))
    one.save_checkpoint(str(tmp_path))
    kept = read_folds(tmp_path).arrays[0][FORECASTS]
    history, _ = panel.history(0)
    assert kept.dtype == np.float32
    assert first["val_mase"] == pytest.approx(mase(kept, panel.truth(0), history).mean(), rel=1e-5)


def test_a_final_trial_is_fitted_to_all_before_the_test_part_and_judged_on_it(tmp_path):
    one = trial(CONFIGS["Theta"], final=True)
    report = one.step()
    panel = load_panel(keywords(SALES))
    one.save_checkpoint(str(tmp_path))
    kept = read_folds(tmp_path).arrays[0][FORECASTS]
    assert report["done"]
    assert set(Forecasts.TEST_METRICS) <= set(report)
    expected = scores(kept, panel.truth(None), panel.history(None)[0])
    assert report["test_mase"] == pytest.approx(expected["mase"], rel=1e-5)


def test_what_comes_after_an_origin_changes_no_forecast_from_it(tmp_path):
    """Neither does it for a network, which learns from all series."""
    changed = SALES.copy()
    late = changed["date"] >= changed["date"].max() - np.timedelta64(6, "D")
    changed.loc[late, "units"] *= 100
    kept = []
    for name, frame in {"as it is": SALES, "changed": changed}.items():
        one = trial(BRIEF, frame)
        one.step()
        folder = tmp_path / name
        folder.mkdir()
        one.save_checkpoint(str(folder))
        kept.append(read_folds(folder).arrays[0][FORECASTS])
    np.testing.assert_array_equal(*kept)


def test_a_trial_that_is_stopped_and_restored_ends_the_same(tmp_path):
    straight, stopped = trial(BRIEF), trial(BRIEF)
    straight.step()
    expected = straight.step()
    stopped.step()
    stopped.save_checkpoint(str(tmp_path))
    again = trial(BRIEF)
    again.load_checkpoint(str(tmp_path))
    found = again.step()
    assert found["val_mase"] == expected["val_mase"]
    assert found["val_wql"] == expected["val_wql"]


def test_a_config_that_is_no_member_is_refused():
    with pytest.raises(UserError, match="prophet"):
        trial({"model": "prophet"})
