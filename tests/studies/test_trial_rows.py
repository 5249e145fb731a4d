"""What is left of a study's trials: how each ended, and which of them are the best."""

import pytest
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies import Row
from automl_on_ray.studies.finish.terminal_report import print_trials
from automl_on_ray.studies.trial_rows import pareto_front, row_of

GOALS = (Objective("accuracy"), Objective("size", "min"))


def row(name, accuracy, size, outcome="completed"):
    return Row(name, {"x": name}, {"accuracy": accuracy, "size": size}, outcome, 3)


ROWS = [
    row("the best", 0.9, 50.0), row("as good, larger", 0.9, 60.0), row("in the middle", 0.8, 20.0),
    row("its twin", 0.8, 20.0), row("worse and larger", 0.7, 30.0), row("the smallest", 0.5, 10.0),
    row("as small, worse", 0.4, 10.0),
]  # fmt: skip
FRONT = ["the best", "in the middle", "its twin", "the smallest"]


def test_a_trial_is_of_the_front_if_no_other_is_as_good_in_all_and_better_in_one():
    assert [each.trial_id for each in pareto_front(ROWS, GOALS)] == FRONT
    assert [each.trial_id for each in pareto_front(ROWS, GOALS[:1])] == [
        "the best", "as good, larger",
    ]  # fmt: skip


def shown(rows, objectives, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    print_trials(rows, objectives)
    return capsys.readouterr().out


def test_of_several_objectives_the_front_is_shown_and_of_one_the_five_best(monkeypatch, capsys):
    table = shown(ROWS, GOALS, monkeypatch, capsys)
    assert "Pareto front" in table
    assert {each.trial_id for each in ROWS if f" {each.trial_id} " in table} == set(FRONT)
    table = shown([*ROWS][::-1], GOALS[:1], monkeypatch, capsys)
    assert "Best trials" in table
    places = [table.find(f" {each.trial_id} ") for each in ROWS]
    assert all(place > 0 for place in places[:5])
    assert places[5:] == [-1, -1]
    assert max(places[:2]) < min(places[2:4]) < places[4]


def test_all_outcomes_are_counted(monkeypatch, capsys):
    rows = [*ROWS[:2], row("a", 0.1, 1, "pruned"), row("b", 0.1, 1, "failed"),
            row("c", 0.1, 1, "stopped")]  # fmt: skip
    assert shown(rows, GOALS, monkeypatch, capsys).splitlines()[-1] == (
        "5 trials: 2 completed, 1 stopped early by the scheduler, 1 failed, 1 unfinished."
    )
    assert shown(rows[:1], GOALS, monkeypatch, capsys).splitlines()[-1] == "1 trial: 1 completed."


@pytest.mark.parametrize(
    ("status", "steps", "stopped", "outcome"),
    [
        ("TERMINATED", 3, False, "completed"), ("TERMINATED", 4, False, "completed"),
        ("TERMINATED", 2, False, "pruned"), ("TERMINATED", 2, True, "stopped"),
        ("TERMINATED", 3, True, "stopped"), ("TERMINATED", 0, False, "stopped"),
        ("PAUSED", 2, False, "stopped"), ("PENDING", 3, False, "stopped"),
    ],
)  # fmt: skip
def test_how_a_trial_ended(status, steps, stopped, outcome):
    trial = Trial("stub", stub=True, config={"x": 1})
    if steps:
        trial.update_last_result({"accuracy": 0.5, "training_iteration": steps})
    trial.set_status(status)
    found = row_of(trial, max_t=3, stopped=stopped)
    assert (found.outcome, found.iterations, found.error) == (outcome, steps, None)
    assert found.config == {"x": 1}
