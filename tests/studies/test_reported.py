"""Metrics as people name and report them, as a study's plan, rows and last words have them."""

import json
import math
from urllib.parse import unquote

import pytest
from ray import tune
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import Objective, Terminal, UserError
from automl_on_ray.studies import Progress, Shown
from automl_on_ray.studies.finish.terminal_report import why_nothing_scored
from automl_on_ray.studies.inputs import objectives_of, outcome_constraints_of
from automl_on_ray.studies.live import progress
from automl_on_ray.studies.trial_rows import Row, row_of, scored
from automl_on_ray.tracking import Study
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.reports import addresses, best_values, describe, shared_view

ODD = ("map@50", "metrics/mAP50-95(B)", "mAP@[.5:.95]", "top-1%", "val loss", "1-f1", "E")


class Declaring(tune.Trainable):
    METRICS = {"val_accuracy": "max", "val_loss": "min", "map@50": "max"}  # noqa: RUF012


class Silent(tune.Trainable):
    """Says nothing of what it reports."""


def trial(*reports, status="TERMINATED"):
    made = Trial("stub", stub=True)
    for epoch, report in enumerate(reports, start=1):
        made.update_last_result({**report, "training_iteration": epoch})
    made.set_status(status)
    return made


def test_a_mistyped_metric_is_answered_with_the_nearest_that_is_declared():
    assert objectives_of("accuracy, -map@50", Declaring) == (
        Objective("val_accuracy"), Objective("map@50", "min"),
    )  # fmt: skip
    with pytest.raises(UserError, match=r"'val_acuracy'.*Did you mean 'val_accuracy'\?"):
        objectives_of("val_acuracy", Declaring)
    assert objectives_of("whatever%", Silent) == (Objective("whatever%"),)


def test_outcome_constraints_are_checked_like_objectives():
    texts = ("loss <= 2", "map@50 >= 0.5")
    assert outcome_constraints_of(texts, Declaring) == ("val_loss <= 2.0", "map@50 >= 0.5")
    with pytest.raises(UserError, match=r"'lss' in outcome constraint.*Did you mean"):
        outcome_constraints_of(("lss <= 2",), Declaring)
    odd = tuple(f"{name} <= 1" for name in ODD)
    assert outcome_constraints_of(odd, Silent) == odd


def test_a_row_has_each_metric_as_it_was_reported_last():
    made = trial(
        {"val": {"score": 0.5}, "loss": 2.0},
        {"loss": 1.0, "val": {"score": "none"}},
        {"done": True},
    )
    row = row_of(made, max_t=3)
    assert (row.metrics["val/score"], row.metrics["loss"]) == (0.5, 1.0)
    assert (row.outcome, row.iterations) == ("completed", 3)
    assert "done" not in row.metrics
    assert scored([row], [Objective("val/score"), Objective("loss", "min")]) == [row]


@pytest.mark.parametrize("metric", ODD)
def test_a_metric_of_any_spelling_is_in_best_values_description_links_and_columns(metric):
    goal = Objective(metric)
    rows = [Row("t1", {"x": 1}, {metric: 0.25}, "completed", 2)]
    study = Study(
        "odd", (goal,), "digits", "", "space", "random", "fifo", 0, "command", "id", max_t=2
    )
    name = mlflow_name(metric)
    assert best_values(rows, [goal]) == {f"best_{name}": 0.25}
    assert f"Best {metric}: **0.25**" in describe(study, {"completed": 1}, rows, {})
    links = addresses("", experiment_id="1", run_id="r", study_id="id", objective=goal)
    _, view = shared_view(study, [])
    assert json.loads(view)["selectedColumns"][0] == f"metrics.`{name}`"
    assert f"metrics.`{name}`" in unquote(links["charts"])


def failed(error):
    return Row("t", {}, {}, "failed", 1, error)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "none was begun"),
        ([failed("ValueError: no"), failed("ValueError: no")], "all failed with ValueError: no"),
        ([Row("t", {}, {"score": math.nan}, "completed", 2)] * 2, "all reported nan as 'score'"),
        ([Row("t", {}, {"loss": 1.0}, "stopped", 2)] * 2, "all ended before the first report of"),
        (
            [failed("A: a"), failed("A: a"), Row("t", {}, {"score": math.inf}, "pruned", 2)],
            "2 failed with A: a; 1 reported inf as 'score' in the end",
        ),
        ([failed(f"Error: {number}") for number in range(9)], "; and 6 more"),
        ([Row("t", {}, {}, "infeasible", 0)] * 2, "all beyond a --limit, so never trained"),
        ([Row("t", {}, {}, "limited", 0, "E: e")], "1 ended by the limit of a fit, such as: E: e"),
    ],
)
def test_a_study_without_a_score_says_why(rows, said):
    assert said in why_nothing_scored(rows, [Objective("score")])


@pytest.fixture
def terminal(monkeypatch):
    recorded = Terminal()
    recorded.record, recorded.width = True, 200
    monkeypatch.setattr(progress, "console", recorded)
    return recorded


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (
            {"loss": 1.0, "scores": 2.0},
            "'score'; it reported: loss, scores. Did you mean 'scores'?",
        ),
        ({"score": "[b]0.9[/b]"}, "'score' as a number: it is a str, '[b]0.9[/b]'."),
        ({"score": True}, "'score' as a number: it is a bool, 'True'."),
    ],
)
def test_a_first_report_without_the_objective_is_told_at_once_and_once(report, told, terminal):
    view = Progress(Shown("study", [Objective("score")], 2, 2, awaited=True))
    for _ in range(2):
        view.on_trial_result(0, [], trial(status="RUNNING"), report)
    said = terminal.export_text()
    assert said.count("has not reported") == 1
    assert told in said


def test_a_trial_that_reports_every_second_epoch_is_no_cause_for_alarm(terminal):
    view = Progress(Shown("study", [Objective("score")], 2, 2, awaited=True))
    made = trial({"score": 0.5}, status="RUNNING")
    view.on_trial_result(0, [made], made, {"loss": 1.0})
    view.on_trial_result(0, [made], made, {"score": 0.75})
    assert terminal.export_text() == ""
    assert "best score 0.75" in view.line()
