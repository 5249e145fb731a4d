"""Budgets of time and cost."""

import pickle

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.budget import Budget, check_budget


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


def test_a_cost_without_its_price_is_refused():
    with pytest.raises(UserError, match="go together"):
        check_budget(cost=1, price_per_hour=None)


def test_a_folder_that_cannot_be_written_to_for_a_while_does_not_end_a_study(tmp_path):
    budget = Budget(tmp_path / "later" / "spent.json", minutes=None, cost=2.0, price_per_hour=1.0)
    assert budget("a", {"time_total_s": 3600}) is False
    (tmp_path / "later").mkdir()
    budget.save()
    assert (tmp_path / "later" / "spent.json").exists()


def test_a_budget_that_was_saved_comes_back_as_that_of_today(tmp_path):
    """Ray would go on with the old one."""
    saved = pickle.dumps(Budget(tmp_path / "a", minutes=1, cost=None, price_per_hour=None))
    today = Budget(tmp_path / "a", minutes=9, cost=None, price_per_hour=None)
    assert pickle.loads(saved) is today
    del today
    assert not pickle.loads(saved).stop_all()
