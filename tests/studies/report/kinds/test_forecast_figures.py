"""Figures of a study of forecasts: each says what the report says."""

from dataclasses import replace

import pytest

from automl_on_ray.studies.report.kinds.forecasts import CAPTIONS, forecast_figures
from automl_on_ray.studies.report.svg import svg
from tests.studies.forecasting.forecast_reports import example, report


@pytest.mark.parametrize(
    "told",
    [report(), report(examples=6), report(interval=False), replace(report(), best_baseline="")],
    ids=["usual", "full", "without intervals", "without baselines"],
)
def test_a_report_has_all_figures_and_each_can_be_drawn(told):
    drawn = forecast_figures(told)
    assert set(drawn) == set(CAPTIONS)
    for figure in drawn.values():
        assert "<path" in svg(figure)


def test_a_series_is_drawn_with_its_truth_its_band_and_the_best_baseline():
    figure = forecast_figures(report(examples=1))["Forecasts"]
    band, known, truth, baseline, given = figure.data
    assert list(known.x) == [-2, -1, 0]
    assert list(truth.x) == [0, 1, 2, 3]
    assert list(truth.y) == [3, 4, 5, None]
    assert list(band.error_y.array) == [0, 1, 1.25, 1.25]
    assert [baseline.name, given.name] == ["Theta", "ensemble"]
    assert figure.layout.xaxis.title.text == "shop 0, up to step 6"


def test_a_long_name_of_a_series_is_cut():
    told = replace(report(), examples=(example("x" * 99),))
    figure = forecast_figures(told)["Forecasts"]
    assert figure.layout.xaxis.title.text == f"{'x' * 40}..., up to step 6"


def test_the_comparison_has_the_study_s_forecast_at_the_bottom():
    figure = forecast_figures(report())["Comparison with baselines"]
    assert list(figure.layout.yaxis.ticktext) == [
        "ensemble", "best single", "ETS", "Theta", "seasonal naive",
    ]  # fmt: skip
    assert "mase (lower is better)" in svg(figure)


def test_an_error_by_step_that_is_not_known_leaves_a_hole():
    figure = forecast_figures(report())["Error by step"]
    assert list(figure.data[0].y) == [pytest.approx(1.1), 1.2, None]
