"""Figures of a study of a table: each says what the report says."""

import pytest

from automl_on_ray.studies.report.kinds.tables import CAPTIONS, table_figures
from automl_on_ray.studies.report.svg import svg
from tests.trainables.tables.table_reports import classes_report, values_report

OF_ALL = {"Comparison on the test part"}
OF_CLASSES = OF_ALL | {"Importance of columns", "Calibration", "Confusion"}
MANY = tuple(f"class {i}" for i in range(12))


@pytest.mark.parametrize(
    ("report", "names"),
    [
        (classes_report(), OF_CLASSES),
        (classes_report(MANY), OF_CLASSES),
        (values_report(), OF_ALL | {"Predicted and true"}),
    ],
    ids=["two classes", "many classes", "values"],
)
def test_a_report_has_the_figures_that_its_task_has_and_each_can_be_drawn(report, names):
    drawn = table_figures(report)
    assert set(drawn) == names <= set(CAPTIONS)
    for figure in drawn.values():
        assert "<path" in svg(figure)


def test_the_comparison_has_the_study_s_model_at_the_bottom_and_each_interval_as_a_line():
    figure = table_figures(classes_report())["Comparison on the test part"]
    assert list(figure.layout.yaxis.ticktext) == [
        "ensemble", "best single", "linear", "constant",
    ]  # fmt: skip
    lines = [tuple(trace.x) for trace in figure.data if trace.mode == "lines"]
    assert lines[0] == (0.82, 0.88)
    assert "auc (higher is better)" in svg(figure)


def test_a_confusion_has_the_first_class_on_top_and_its_counts_as_text():
    report = classes_report()
    figure = table_figures(report)["Confusion"]
    drawn = svg(figure)
    for row in report.confusion.counts:
        for count in row:
            assert f">{count}</text>" in drawn
    assert list(figure.layout.yaxis.ticktext) == ["yes", "no"]
    shares = figure.data[0].z
    assert shares[1][0] == pytest.approx(
        report.confusion.counts[0][0] / sum(report.confusion.counts[0])
    )


def test_the_greatest_importance_is_on_top():
    figure = table_figures(classes_report())["Importance of columns"]
    assert list(figure.layout.yaxis.ticktext) == ["state", "plan of the customer", "tenure"]
