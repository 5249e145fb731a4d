"""Figures of a study of series: each says what the report says."""

from automl_on_ray.studies.report.kinds.series import CAPTIONS, EXAMPLES, series_figures
from automl_on_ray.studies.report.svg import svg
from tests.trainables.series_classes.series_reports import report_of


def test_a_report_has_all_figures_and_each_can_be_drawn():
    drawn = series_figures(report_of())
    assert set(drawn) == set(CAPTIONS)
    for figure in drawn.values():
        assert "<path" in svg(figure)


def test_the_comparison_has_what_was_found_at_the_bottom():
    figure = series_figures(report_of())["Comparison on the test series"]
    assert list(figure.layout.yaxis.ticktext) == ["ensemble", "ROCKET", "1-NN"]


def test_an_example_that_was_taken_for_another_class_says_which():
    figure = series_figures(report_of(found=1))[EXAMPLES]
    assert [trace.text[0] for trace in figure.data if trace.mode == "text"] == ["b"]
    assert sum(trace.mode == "lines" for trace in figure.data) == 6
