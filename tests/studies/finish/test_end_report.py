"""What the terminal says at the end of a study."""

import pytest

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies import Row
from automl_on_ray.studies.finish.terminal_report import (
    config_text,
    print_failures,
    print_final,
    print_links,
    print_trials,
    why_nothing_scored,
)

ERROR = "RuntimeError: cannot load [/data/weights.bin] for shape [batch, 3], [red]:warning:"


@pytest.fixture
def told(monkeypatch, capsys):
    """What was printed, on a terminal as wide as needed."""
    monkeypatch.setenv("COLUMNS", "300")
    return lambda: capsys.readouterr().out


def test_an_error_is_told_as_it_is_and_where_to_find_what_the_trial_printed(told):
    rows = [
        Row("a", {}, {}, "failed", 1, ERROR, "/runs/[mine]/search/a/printed.txt"),
        Row("b", {}, {}, "failed", 1, ERROR),
        Row("c", {}, {"score": 1.0}, "completed", 1),
    ]
    assert print_failures(rows)
    assert told().splitlines() == [
        f"Trial a failed: {ERROR}",
        "  What it printed: /runs/[mine]/search/a/printed.txt",
        f"Trial b failed: {ERROR}",
    ]


def test_names_and_values_in_the_table_are_as_they_are(told):
    metric = "mAP@[.5:.95]"
    row = Row("a", {"[bold]shape": "[batch, 3]", "path": "[/data]"}, {metric: 0.5}, "completed", 1)
    print_trials([row], [Objective(metric)])
    shown = told()
    assert "epochs" in shown
    print_trials([row], [Objective(metric)], "origin")
    assert "origins" in told()
    for text in (metric, "[bold]shape=[batch, 3]", "path=[/data]"):
        assert text in shown


def test_the_final_training_is_told_by_mean_interval_and_seeds_and_who_failed(told):
    def repeat(outcome="completed", error=None, **metrics):
        return Row("a", {}, metrics, outcome, 1, error)

    rows = [repeat(test_accuracy=0.5, loss=1.0), repeat(test_accuracy=0.7), repeat("failed", ERROR)]
    print_final(rows, ("missing", "test_accuracy", "loss"))
    by, spread = "trained from scratch on train + validation", "± 1.3e+02 % (95 % interval)"
    assert told().splitlines() == [
        f"test_accuracy: 60 % {spread}, 2 seeds, {by}", f"loss: 1, 1 seed, {by}",
        f"Final training a failed: {ERROR}",
    ]  # fmt: skip
    print_final(rows[:1], ("loss",))
    assert told().splitlines() == [f"loss: 1, 1 seed, {by}"]


def test_links_are_told_with_the_command_that_serves_them_if_none_does(told):
    links = {"study": "http://a", "models": "http://b"}
    print_links(links, start_with="serve me")
    begin = ["To see it in MLflow, run this, then open the links:", "  serve me"]
    assert told().splitlines() == [*begin, "  study: http://a", "  models: http://b"]
    print_links(links, start_with=None)
    assert told().splitlines()[0] == "See it in MLflow:"
    print_links({}, start_with="serve me")
    assert told() == ""


def test_of_many_reasons_why_nothing_has_a_score_three_are_told():
    def failed(*errors):
        rows = [Row("a", {}, {}, "failed", 0, error) for error in errors]
        return why_nothing_scored(rows, [Objective("score")])

    assert failed("A") == "No trial has a score: 1 failed with A"
    assert failed("A", "A") == "No trial has a score: all failed with A"
    three = "No trial has a score: 2 failed with A; 1 failed with B; 1 failed with C"
    assert failed("A", "A", "B", "C") == three
    assert failed("A", "A", "B", "C", "D", "E") == f"{three}; and 2 more"


def test_a_config_is_told_in_few_letters():
    config = {
        "rate": 0.00123456,
        "none": None,
        "width": 32,
        "name": "x",
        "sizes": [1, 2],
        "on": True,
    }
    assert config_text(config) == "rate=0.00123, width=32, name=x, sizes=[1, 2], on=True"
