"""What is asked of classify_series.py is what will be done: by the plan alone."""

import itertools

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.series import FIRST
from automl_on_ray.studies.series_classes import SeriesSettings, prepare
from automl_on_ray.studies.series_classes.facts import facts_told
from tests.trainables.series_classes.made_series import write_ts

NAMES = (f"plan-{number}" for number in itertools.count())


@pytest.fixture
def planned(storage, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))
    path = write_ts(tmp_path, count=20)

    def plan(**asked):
        own = {"dataset": str(path), "storage": str(storage), "name": next(NAMES)}
        made = prepare(SeriesSettings(**{**own, **asked}))
        with made.study:
            return made

    return plan


def test_a_plan_has_the_data_the_folds_and_the_first_configs(planned):
    plan = planned(folds=3)
    assert plan.evaluation.epochs == len(plan.data.folds) == 3
    assert list(plan.evaluation.starts) == list(FIRST)
    assert plan.trial_kwargs["digest"] == plan.data.digest
    assert [str(one) for one in plan.record.objectives] == ["val_accuracy"]
    assert plan.record.only_whole


def test_what_was_read_is_told(planned, capsys):
    plan = planned()
    assert "2: a 50.0%, b 50.0%" in capsys.readouterr().out
    told = dict(facts_told(plan.data, plan.asked, plan.record.objectives))
    assert told["classes"] == "2: a 50.0%, b 50.0%"
    assert told["objective"] == "high accuracy, of series that are held out"
    assert told["search"] == "optuna and asha on space series, 10 minutes"
    assert told["series"] == "20 to learn from, 20 for the test"
    assert told["split"].startswith("the test part is as it was given; 5 folds by class")
    assert "ROCKET" in told["beside it"]


@pytest.mark.parametrize(("channels", "said"), [(1, "1 channel"), (2, "2 channels")])
def test_lengths_and_channels_are_told(channels, said, planned, tmp_path):
    alike = planned(dataset=str(write_ts(tmp_path, count=10, channels=channels)))
    told = dict(facts_told(alike.data, alike.asked, ()))
    low, high = alike.data.lengths
    assert told["points"] == f"{low}, {said}"
    (tmp_path / "own").mkdir()
    own = str(write_ts(tmp_path / "own", count=10, channels=channels, unequal=True))
    unlike = planned(dataset=own)
    told = dict(facts_told(unlike.data, unlike.asked, ()))
    low, high = unlike.data.lengths
    assert told["points"] == f"{low} to {high}, {said}"
    assert low < high


def test_several_objectives_are_a_front(planned):
    plan = planned(objective="accuracy,-predict_seconds")
    assert [str(one) for one in plan.record.objectives] == ["val_accuracy", "-predict_seconds"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"dataset": "gunpont"}, "Did you mean 'gunpoint'"),
        ({"dataset": "gunpoint", "test_data": "x.ts"}, "gunpoint has its own test part"),
        ({"test_data": "none.ts"}, "There are no series at"),
        ({"time": "at"}, "give --series too"),
        ({"objective": "log_loss"}, "log_loss is better when low: give --objective=-log_loss"),
        ({"folds": 11}, "11 folds need a class of 11 series or more"),
        ({"subset": 100}, "A subset of 100 series was asked for, but there are 20"),
        ({"scheduler": "pbt"}, "pbt"),
        ({"space": "tables"}, "--space tables has .*; here `model` is one of"),
    ],
)
def test_a_mistake_is_one_line(asked, said, planned):
    with pytest.raises(UserError, match=said):
        planned(**asked)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"folds": 4}, "folds"), ({"seed": 1}, "dataset|seed"), ({"label": "kind"}, "dataset|label"),
     ({"objective": "-log_loss"}, "objective")],
)  # fmt: skip
def test_a_study_is_of_its_series_and_how_they_are_parted(change, said, planned):
    name = next(NAMES)
    planned(name=name)
    with pytest.raises(UserError, match=f"was begun with ({said}) ="):
        planned(name=name, **change)


def test_a_study_may_go_on_with_more_trials(planned):
    name = next(NAMES)
    planned(name=name, trials=4)
    assert planned(name=name, trials=8, minutes=20.0).asked.trials == 8
