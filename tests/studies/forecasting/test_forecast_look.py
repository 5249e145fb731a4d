"""What the look at the test part makes of forecasts."""

import numpy as np
import pytest

from automl_on_ray.studies.forecasting.look import Forecasted, look_at_test
from automl_on_ray.trainables.forecasting import LEVELS, mase, scores
from tests.studies.forecasting.panels import HORIZON, panel_of, sales

PANEL = panel_of(sales())
TRUTH = PANEL.truth(None)
BAND = np.linspace(-3, 3, len(LEVELS))


def around(middle):
    return Forecasted(middle[:, :, None] + BAND, seconds=0.5)


def looked(metric="mase", panel=PANEL):
    """Of a baseline that is off by five, and one that is off by one where ours is off by two."""
    truth = panel.truth(None)
    made = {
        "seasonal naive": around(truth + 5),
        "Theta": around(truth + 1),
        "best single": around(truth + 3),
        "ensemble": around(truth + 2),
    }
    return look_at_test(
        panel, made, baselines=("seasonal naive", "Theta"), metric=metric, members={"t": 1.0},
        models={"t": "mlp"},
    )  # fmt: skip


@pytest.mark.parametrize("metric", ["mase", "smape", "wql"])
def test_the_interval_is_around_the_metric_of_all_series(metric):
    history, _ = PANEL.history(None)
    for one in looked(metric).compared:
        assert one.interval.value == pytest.approx(one.scores[metric])
        assert one.interval.low <= one.interval.value <= one.interval.high
    assert looked().named("Theta").scores == scores(around(TRUTH + 1).forecast, TRUTH, history)


def test_a_gain_is_positive_over_what_is_worse_and_negative_over_what_is_better():
    ours = looked().compared[-1]
    history, _ = PANEL.history(None)
    by_one = mase(around(TRUTH + 1).forecast, TRUTH, history).mean()
    assert ours.gain_over["seasonal naive"].value == pytest.approx(3 * by_one)
    assert ours.gain_over["Theta"].value == pytest.approx(-by_one)
    assert ours.gain_over["Theta"].high < 0
    assert looked().best_baseline == "Theta"
    assert looked().named("Theta").gain_over == {}


def test_the_best_baseline_has_the_least_error_and_seconds_are_of_a_thousand_series():
    made = {name: around(TRUTH + off) for name, off in (("a", 5), ("b", 1), ("c", 3), ("own", 2))}
    report = look_at_test(
        PANEL, made, baselines=("a", "b", "c"), metric="mase", members={}, models={}
    )
    assert report.best_baseline == "b"
    assert report.named("own").seconds == pytest.approx(1000 * 0.5 / len(TRUTH))


def test_a_series_that_sells_nothing_counts_with_its_error_in_a_ratio():
    frame = sales()
    frame.loc[frame["date"] >= "2023-07-01", "units"] *= frame["shop"] != "shop 0"
    panel = panel_of(frame)
    truth = panel.truth(None)
    one = looked("wql", panel).named("Theta")
    assert not truth[0].any()
    assert one.interval.value == pytest.approx(one.scores["wql"])


def test_errors_by_step_have_the_mase_as_their_mean():
    ours = looked().compared[-1]
    assert np.mean(ours.by_step) == pytest.approx(ours.scores["mase"])
    assert len(ours.by_step) == HORIZON


def test_a_share_of_the_truth_is_below_each_level():
    assert looked().named("Theta").below == pytest.approx([float(off + 1 >= 0) for off in BAND])


def test_examples_are_of_whole_series_with_times_and_the_best_baseline():
    one = looked().examples[0]
    at = PANEL.ids.index(one.series)
    assert one.truth == pytest.approx(TRUTH[at])
    assert one.middle == pytest.approx(TRUTH[at] + 2)
    assert one.baseline == pytest.approx(TRUTH[at] + 1)
    assert len(one.times) == len(one.past) + len(one.truth)
    assert (one.times[0], one.times[-1]) == ("2020-07-01", "2023-12-01")
    assert np.array(one.high) - np.array(one.low) == pytest.approx(6)


def test_a_step_without_truth_is_passed_over():
    frame = sales()
    frame.loc[frame.index[-1], "units"] = np.nan
    panel = panel_of(frame)
    truth = panel.truth(None)
    guess = np.nan_to_num(truth)
    report = look_at_test(
        panel, {"Theta": around(guess + 1), "ensemble": around(guess)}, baselines=("Theta",),
        metric="smape", members={}, models={},
    )  # fmt: skip
    assert report.compared[-1].scores["smape"] == 0
    assert all(np.isfinite(one.interval.value) for one in report.compared)
