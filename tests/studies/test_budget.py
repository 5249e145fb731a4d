"""Budgets of time and cost."""

import itertools
import json
import pickle

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.inputs import check_budget


def test_a_cost_budget_ends_the_study_when_trials_have_used_it_up_over_its_resumes(tmp_path):
    path = tmp_path / "spent.json"
    budget = Budget(path, minutes=None, cost=2.0, price_per_hour=1.0)
    budget("a", {"time_total_s": 3600})
    assert not budget.stop_all()
    budget.save()
    resumed = Budget(path, minutes=None, cost=2.0, price_per_hour=1.0)
    resumed("b", {"time_total_s": 1800})
    assert resumed.spent == pytest.approx(1.5)
    resumed("b", {"time_total_s": 3600})
    assert resumed.stop_all()
    assert "cost budget of 2" in resumed.reason


def test_a_time_budget_counts_the_time_before_a_resume(tmp_path):
    path = tmp_path / "spent.json"
    path.write_text('{"clock_seconds": 590, "trial_seconds": {}}')
    budget = Budget(path, minutes=10, cost=None, price_per_hour=None)
    assert 0 < budget.seconds_left <= 10
    assert not budget.stop_all()
    path.write_text('{"clock_seconds": 601, "trial_seconds": {}}')
    assert Budget(path, minutes=10, cost=None, price_per_hour=None).stop_all()


def test_it_is_known_later_that_a_budget_has_ended_the_search(tmp_path):
    path = tmp_path / "spent.json"
    for minutes, ended in ((10, False), (11, False), (9, True)):
        path.write_text('{"clock_seconds": 599, "trial_seconds": {}}')
        budget = Budget(path, minutes=minutes, cost=None, price_per_hour=None)
        assert not budget.ended
        budget.stop_all()
        budget.save()
        assert Budget(path, minutes=20, cost=None, price_per_hour=None).ended == ended


def test_a_cost_without_its_price_is_refused():
    with pytest.raises(UserError, match="go together"):
        check_budget(cost=1, price_per_hour=None)


def test_a_folder_that_cannot_be_written_to_is_tried_again_a_second_later(tmp_path):
    now, path = [1000.0], tmp_path / "later" / "spent.json"
    budget = budget_of(path, cost=2.0, price=1.0, now=lambda: now[0])
    assert budget("a", {"time_total_s": 3600}) is False
    path.parent.mkdir()
    for moment, there in ((1001.0, False), (1001.1, True)):
        now[0] = moment
        budget("a", {"time_total_s": 3600})
        assert path.exists() == there


def test_a_budget_that_was_saved_comes_back_as_that_of_today(tmp_path):
    """Ray would go on with the old one."""
    saved = pickle.dumps(Budget(tmp_path / "a", minutes=1, cost=None, price_per_hour=None))
    today = Budget(tmp_path / "a", minutes=9, cost=None, price_per_hour=None)
    assert pickle.loads(saved) is today
    del today
    assert not pickle.loads(saved).stop_all()


def budget_of(path, *, minutes=None, cost=None, price=None, now=lambda: 0.0, **spent):
    if spent:
        path.write_text(json.dumps({"clock_seconds": 0.0, "trial_seconds": {}, **spent}))
    return Budget(path, minutes=minutes, cost=cost, price_per_hour=price, now=now)


@pytest.mark.parametrize("given", [{"cost": None, "price_per_hour": 1}, {"cost": 1}])
def test_cost_and_price_go_together(given):
    with pytest.raises(UserError, match="go together"):
        check_budget(**{"price_per_hour": None, **given})
    for both in (None, 2.0):
        check_budget(cost=both, price_per_hour=both)


def test_a_trial_costs_what_it_took_in_all_and_not_what_its_reports_add_up_to(tmp_path):
    budget = budget_of(tmp_path / "spent", cost=9.0, price=2.0)
    for seconds in (1800, 3600, 5400):
        budget("a", {"time_total_s": seconds})
    budget("b", {})
    assert budget.spent == pytest.approx(3.0)
    assert budget.clock_seconds == 0.0
    assert budget.seconds_left is None
    assert not budget.stop_all()
    assert budget.reason is None


def test_who_gives_no_price_has_spent_nothing(tmp_path):
    budget = budget_of(tmp_path / "spent", minutes=1.0, trial_seconds={"a": 7200.0})
    assert budget.spent == 0.0


def test_a_cost_is_used_up_when_it_is_reached(tmp_path):
    budget = budget_of(tmp_path / "spent", cost=2.0, price=1.0, trial_seconds={"a": 7200.0})
    assert budget.stop_all()
    assert budget.reason == "the cost budget of 2 is used up"


def test_the_clock_begins_when_it_is_told_to_and_is_saved(tmp_path):
    now = [1000.0]
    given = {"minutes": 2.0, "now": lambda: now[0]}
    budget = budget_of(tmp_path / "spent", clock_seconds=10.0, **given)
    now[0] += 50
    assert (budget.clock_seconds, budget.seconds_left) == (10.0, 110.0)
    budget.begin()  # setting up was not charged
    now[0] += 30
    budget.begin()
    assert (budget.clock_seconds, budget.seconds_left) == (40.0, 80.0)
    budget.save()
    assert budget_of(tmp_path / "spent", **given).clock_seconds == 40.0
    now[0] += 79
    assert not budget.stop_all()
    now[0] += 1
    assert budget.stop_all()
    assert budget.reason == "the time budget of 2 minutes is used up"
    now[0] += 9
    assert budget.seconds_left == 0.0


def test_what_was_spent_is_written_once_a_second_and_not_at_each_report(tmp_path):
    now, path = [1000.0], tmp_path / "spent"
    budget = budget_of(path, cost=9.0, price=1.0, now=lambda: now[0])
    written = []
    for moment, seconds in ((0.0, 10.0), (1.0, 20.0), (1.1, 30.0)):
        now[0] = 1000.0 + moment
        budget("a", {"time_total_s": seconds})
        written.append(json.loads(path.read_text())["trial_seconds"]["a"])
    assert written == [10.0, 10.0, 30.0]


@pytest.mark.parametrize(("a_look", "most"), [(0.01, 12), (1.0, 20)])
def test_what_was_spent_is_written_each_second_and_less_often_where_that_takes_long(
    a_look, most, tmp_path
):
    """Each look at the clock takes `a_look` seconds, and so does a writing."""
    path, clock = tmp_path / "spent.json", itertools.count()
    budget = Budget(
        path, minutes=None, cost=2.0, price_per_hour=1.0, now=lambda: next(clock) * a_look
    )
    written = 0
    for number in range(1000):
        budget("a", {"time_total_s": number})
        written += path.exists()
        path.unlink(missing_ok=True)
    assert 10 <= written <= most
