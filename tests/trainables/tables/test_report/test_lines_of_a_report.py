"""What a terminal is told of the test part."""

import json
from dataclasses import replace

from automl_on_ray.trainables.tables import Interval
from automl_on_ray.trainables.tables.test_report import Importance, TableReport, lines_of
from tests.trainables.tables.table_reports import classes_report, values_report


def with_gain(low, high):
    report = classes_report()
    *others, last = report.compared
    gain = {"linear": Interval((low + high) / 2, low, high)}
    return replace(report, compared=(*others, replace(last, gain_over=gain)))


def test_every_way_to_answer_has_a_line_with_its_interval_and_its_time():
    told = "\n".join(lines_of(classes_report()))
    assert "On 600 test rows that no fit has seen, auc (higher is better)" in told
    assert "  constant     0.5" in told
    assert "  ensemble     0.85   [0.82, 0.88]  0.08 s for 1,000 rows" in told
    assert "The ensemble: 75% t_00003 (boosting), 25% t_00001." in told
    assert "The model is trial t_00001 alone." in lines_of(values_report())


def test_groups_that_were_drawn_are_named_and_few_are_said_to_be_few():
    report = replace(classes_report(), group="country", groups=28)
    first, *others = lines_of(report)
    assert first == (
        "On 600 test rows of 28 groups (country) that no fit has seen, auc (higher is better), "
        "with 95 % intervals over groups:"
    )
    assert others == lines_of(classes_report())[1:]
    few = "Intervals over 4 groups are too narrow: take them for the least."
    assert few in lines_of(replace(report, groups=4))


def test_of_one_group_there_is_neither_interval_nor_verdict():
    nothing = Interval(0.85, float("nan"), float("nan"))
    report = classes_report()
    compared = tuple(
        replace(one, interval=nothing, gain_over=dict.fromkeys(one.gain_over, nothing))
        for one in report.compared
    )
    told = "\n".join(lines_of(replace(report, compared=compared, group="site", groups=1)))
    assert "  ensemble     0.85    0.08 s for 1,000 rows" in told
    assert "Of one group there are no intervals" in told
    assert "nan" not in told
    assert "The ensemble is" not in told


def test_the_verdict_is_by_the_interval_of_the_difference():
    for (low, high), words in {
        (0.01, 0.03): "The ensemble is better than the linear model: ",
        (-0.01, 0.03): "The ensemble is not clearly better than the linear model: ",
        (-0.03, -0.01): "The ensemble is worse than the linear model: ",
    }.items():
        assert any(line.startswith(words) for line in lines_of(with_gain(low, high)))


def test_columns_without_an_effect_and_those_not_measured_are_counted():
    told = "\n".join(lines_of(classes_report()))
    assert "tenure 0.08, plan of the customer 0.03, state 0.002" in told
    assert "1 of 3 columns have no effect that is seen." in told
    assert "There was no time to measure 1 columns." in told


def test_only_columns_that_are_missed_matter():
    losses = {"tenure": 0.08, "plan": 0.0, "state": -0.03}

    def told(names):
        columns = tuple(Importance(n, losses[n], losses[n] - 0.1, losses[n] + 0.1) for n in names)
        return "\n".join(lines_of(replace(classes_report(), importance=columns)))

    assert "by how much worse auc is without them: tenure 0.08.\n" in told(losses)
    assert "matter most" not in told(["plan", "state"])
    assert "2 of 2 columns have no effect that is seen." in told(["plan", "state"])


def test_what_did_not_help_is_told_with_how_far_it_is_behind():
    told = lines_of(classes_report())
    assert "  model = neighbours: 0.71, 0.13 behind, 2 trials" in told
    assert "  model = network: none of 4 trials did all folds" in told


def test_a_report_is_the_same_once_it_was_json():
    for report in (classes_report(), classes_report(("a", "b", "c")), values_report()):
        assert TableReport.of(json.loads(json.dumps(report.as_dict()))) == report


def test_metrics_for_mlflow_are_those_of_the_model_that_is_given():
    assert classes_report().metrics() == {
        "test_auc": 0.85,
        "test_auc_low": 0.82,
        "test_auc_high": 0.88,
        "test_gain_over_constant": 0.35,
        "test_gain_over_linear": 0.02,
        "predict_seconds": 0.08,
        "test_calibration_error": classes_report().calibration.error,
    }
