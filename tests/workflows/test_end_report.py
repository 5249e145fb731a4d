"""What the terminal says at the end of a study."""

import pytest

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies import Row
from automl_on_ray.studies.finish.terminal_report import print_failures, print_trials

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
    for text in (metric, "[bold]shape=[batch, 3]", "path=[/data]"):
        assert text in shown
