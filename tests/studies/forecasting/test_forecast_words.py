"""What the end of a study of forecasts says, and keeps."""

import json
from dataclasses import replace

import pytest

from automl_on_ray.studies.forecasting import ForecastReport, compared_lines, lines_of
from tests.studies.forecasting.forecast_reports import report


def test_each_way_to_forecast_has_a_line_and_each_baseline_a_verdict():
    lines = compared_lines(report())
    assert lines[0] == (
        "The last 3 steps of 120 series, which no fit has seen; mase (lower is better) with 95 % "
        "intervals over series:"
    )
    assert lines[1] == (
        "  seasonal naive  1.2    [1.15, 1.25]  smape 12, wql 0.12, coverage 78%, 1.5 s for 1,000 "
        "series"
    )
    assert lines[6:9] == [
        "The ensemble is better than seasonal naive: over the same series mase differs by +0.3 "
        "[+0.2, +0.4], 25.0%.",
        "Theta is better than what was found: over the same series mase differs by -0.1 "
        "[-0.2, -0.05], 12.5%.",
        "The ensemble is not clearly better than ETS: over the same series mase differs by +0.01 "
        "[-0.1, +0.1], 1.1%.",
    ]
    assert lines[9].startswith("Between its levels 0.1 and 0.9 are 78% of the true values")


def test_of_one_series_there_is_no_interval():
    alone = report(dict.fromkeys(("seasonal naive", "Theta", "ETS"), (0.2,)), interval=False)
    lines = compared_lines(alone)
    assert "[" not in "".join(lines)
    assert lines[7] == (
        "The ensemble has less mase than Theta (+0.2, 25.0%); of one series there is no interval."
    )


def test_the_members_are_named_with_what_they_fit():
    assert lines_of(report())[-1] == "The ensemble: 75% t_1 (mlp), 25% t_2 (theta)."


def test_of_one_member_the_trial_is_named_and_of_many_the_first():
    alone = replace(report(), members={"t_1": 1.0})
    assert lines_of(alone)[-1] == "The model is trial t_1 (mlp) alone."
    trials = [f"t_{number}" for number in range(14)]
    for count, more in ((12, "8% t_11."), (14, "7% t_11 and 2 more.")):
        many = replace(report(), members=dict.fromkeys(trials[:count], 1 / count), models={})
        assert lines_of(many)[-1].endswith(more)


@pytest.mark.parametrize("interval", [True, False])
def test_a_report_is_the_same_after_it_was_json(interval):
    made = report(interval=interval)
    assert ForecastReport.of(json.loads(json.dumps(made.as_dict()))) == made


def test_mlflow_gets_the_numbers_of_what_is_given_the_report_s_own_metric_first():
    metrics = report().metrics()
    assert next(iter(metrics)) == "test_mase"
    assert metrics["test_gain_over_seasonal_naive"] == 0.3
    assert metrics["test_coverage"] == 0.78
    assert "test_mase_low" not in report(interval=False).metrics()
