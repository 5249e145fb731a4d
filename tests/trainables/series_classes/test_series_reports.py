"""The look at the test part says who was better, and keeps what it says as JSON."""

import json

import pytest

from automl_on_ray.trainables.series_classes.test_report import SeriesReport, lines_of
from tests.trainables.series_classes.series_reports import report_of


def test_a_report_is_the_same_once_it_was_written():
    report = report_of()
    assert SeriesReport.of(json.loads(json.dumps(report.as_dict()))) == report


def test_the_scores_are_what_the_answers_are_worth():
    report = report_of(nearest=20, rocket=4, found=0)
    assert [one.scores["accuracy"] for one in report.compared] == [0.5, 0.9, 1.0]
    assert report.compared[-1].gain_over["ROCKET"].value == pytest.approx(0.1)
    assert report.metrics()["test_gain_over_1_NN"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("rocket", "found", "said"),
    [
        (12, 0, "What was found is better than ROCKET: +0.300 accuracy"),
        (0, 12, "ROCKET is better than what was found: -0.300 accuracy"),
        (1, 0, "The search did not beat ROCKET, as far as this test part can tell: +0.025"),
        (1, 1, "The search did not beat ROCKET, as far as this test part can tell: +0.000"),
    ],
)
def test_the_verdict_is_said_in_plain_words(rocket, found, said):
    assert any(line.startswith(said) for line in lines_of(report_of(rocket=rocket, found=found)))


def test_of_a_loss_less_is_better():
    lines = lines_of(report_of(rocket=12, found=0, metric="log_loss"))
    assert "log_loss (lower is better)" in lines[0]
    assert any(line.startswith("What was found is better than ROCKET: -") for line in lines)


def test_each_class_has_examples_with_the_answer():
    report = report_of(found=1)
    assert [one.label for one in report.examples] == ["a"] * 3 + ["b"] * 3
    assert [one.said for one in report.examples] == ["b"] + ["a"] * 2 + ["b"] * 3
