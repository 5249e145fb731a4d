"""What is asked of automl.py is what will be done: by the plan alone."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.studies import plan as plans
from automl_on_ray.studies.inputs import find_space
from automl_on_ray.studies.tables import AutomlSettings, prepare
from automl_on_ray.studies.tables.facts import facts_told
from automl_on_ray.studies.tables.portfolio import FILE, portfolio_of
from automl_on_ray.studies.tables.study import limited
from automl_on_ray.trainables.tables import give_table, load_table
from tests.helpers.odd_tables import csv_of, usual

NAMES = (f"plan-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "left.csv"
    path.write_bytes(csv_of(usual()))
    return path


@pytest.fixture
def planned(storage, table, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))

    def plan(**asked):
        own = {"dataset": str(table), "target": "left", "storage": str(storage)}
        made = prepare(AutomlSettings(**{**own, "name": next(NAMES), **asked}))
        with made.study:
            return made

    return plan


@pytest.fixture
def points(planned, monkeypatch):
    """Of a plan: what its searcher is told to try first."""

    def of(**asked):
        seen = []
        real = plans.create_searcher

        def create(name: str, settings: SearcherSettings):
            seen.append(settings.points)
            return real(name, settings)

        monkeypatch.setattr(plans, "create_searcher", create)
        planned(**asked)
        return list(seen[-1])

    return of


def test_a_step_is_a_fold_and_the_first_a_part_of_one(planned):
    plan = planned(folds=3)
    assert len(plan.data.folds) == 3
    assert plan.evaluation.epochs == 4


@pytest.mark.parametrize(
    ("task", "target", "objective"),
    [(None, "left", ["val_auc"]), ("multiclass", "town", ["-val_log_loss"]),
     (None, "age", ["-val_rmse"])],
)  # fmt: skip
def test_the_objective_is_the_usual_one_of_the_task_unless_it_is_given(
    task, target, objective, planned
):
    plan = planned(task=task, target=target)
    assert [str(one) for one in plan.record.objectives] == objective
    given = planned(target="left", objective="accuracy, -predict_seconds")
    assert [str(one) for one in given.record.objectives] == ["val_accuracy", "-predict_seconds"]


@pytest.mark.parametrize(
    ("target", "objective", "said"),
    [
        ("age", "mae", "mae is better when low: give --objective=-mae."),
        ("age", "rmse,-predict_seconds",
         "rmse is better when low: give --objective=-rmse,-predict_seconds."),
        ("left", "log_loss", "log_loss is better when low: give --objective=-log_loss."),
        ("left", "-auc", "auc is better when high: give --objective=auc."),
        ("left", "auc, predict_seconds",
         "predict_seconds is better when low: give --objective=auc,-predict_seconds."),
    ],
)  # fmt: skip
def test_a_search_for_the_worst_is_refused(target, objective, said, planned):
    with pytest.raises(UserError) as caught:
        planned(target=target, objective=objective)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("time", "group", "said"),
    [
        (None, None, "at random (seed 0), by class"),
        ("since", None, "by time (since), later rows held out"),
        (None, "town", "by group (town), none in two parts"),
        ("since", "town",
         "by time (since), later rows held out and by group (town), none in two parts"),
    ],
)  # fmt: skip
def test_all_that_parts_the_rows_is_told(time, group, said, table):
    asked = AutomlSettings(dataset=str(table), target="left", time=time, group=group)
    told = dict(facts_told(load_table({"dataset": str(table), "target": "left"}), asked, ()))
    assert told["split"] == f"5 folds and the test part, {said}"


def told_of(frame, target, **asked):
    table = load_table({"dataset": give_table(frame), "target": target})
    settings = AutomlSettings(dataset=table.asked["dataset"], target=target, **asked)
    return table, list(facts_told(table, settings, (Objective("val_auc"),)))


def test_what_was_read_of_a_table_is_told():
    days = pd.date_range("2024-01-01", periods=120)
    frame = usual().assign(nothing=None, void=None, same=1.0, since=days, pay=days.day_of_year / 7)
    frame.loc[:59, "pay"] = None
    table, told = told_of(frame, "left")
    shares = {name: (table.answers == at).mean() for at, name in enumerate(table.classes)}
    most, least = sorted(shares, key=lambda name: -shares[name])
    missing = table.features["pay"].isna().mean()
    assert told == [
        ("target", f"left: binary: {most} {shares[most]:.1%}, {least} {shares[least]:.1%}"),
        ("objective", "high auc, of rows that are held out"),
        ("rows", f"{len(table.answers)} to learn from, {len(table.test_answers)} for the test"),
        ("split", "5 folds and the test part, at random (seed 0), by class"),
        ("numbers", f"2: pay ({missing:.1%} missing), age"),
        ("categories", "1: town"),
        ("dates", "1: since"),
        ("left out", f"nothing, void: {table.left_out['void']}"),
        ("left out", f"same: {table.left_out['same']}"),
        *[("remark", remark) for remark in table.remarks],
        ("search", "optuna and asha on space tables, 10 minutes"),
    ]


def test_a_target_of_numbers_is_told_by_its_spread_and_its_rows_by_no_class():
    table, told = told_of(usual(), "age", seed=3)
    low, middle, high = sorted(table.answers)[0], np.median(table.answers), max(table.answers)
    assert dict(told)["target"] == (
        f"age: regression, from {low:.4g} to {high:.4g}, median {middle:.4g}"
    )
    assert dict(told)["split"] == "5 folds and the test part, at random (seed 3)"


def test_the_portfolio_is_tried_first(points):
    space = find_space("tables")
    first = points()
    assert len(first) >= 8
    assert [one["model"] for one in first] == [one["model"] for one in portfolio_of(space)]
    for config in first:
        space.check(config)


def test_the_portfolio_gives_way_to_what_the_user_knows(points, tmp_path):
    start = find_space("tables").start
    (tmp_path / "first.json").write_text(json.dumps([start]))
    assert points(try_first=tmp_path / "first.json") == [start]
    assert points(portfolio=False) == [start]  # the space's own
    assert points(searcher="random") == []


def test_all_of_the_portfolio_is_in_the_larger_space():
    configs = json.loads(FILE.read_text())["configs"]
    assert portfolio_of(find_space("tables-all")) == configs
    assert 8 <= len(portfolio_of(find_space("tables"))) <= len(configs)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": "town", "task": "multiclass"}, "dataset|target"),
        ({"folds": 4}, "folds"),
        ({"seed": 1}, "dataset|seed"),
        ({"time": "age"}, "dataset|time"),
        ({"portfolio": False}, "portfolio"),
        ({"objective": "accuracy"}, "objective"),
    ],
)
def test_a_study_is_of_its_table_and_how_that_is_parted(change, said, planned):
    name = next(NAMES)
    planned(name=name)
    with pytest.raises(UserError, match=f"was begun with ({said}) ="):
        planned(name=name, **change)


def test_a_study_may_go_on_with_more_time_more_trials_or_another_last_step(planned):
    name = next(NAMES)
    planned(name=name, trials=4)
    assert planned(name=name, trials=8, minutes=20.0, refit=True).asked.refit


def test_another_file_under_the_same_path_is_another_study(planned, tmp_path):
    name, path = next(NAMES), tmp_path / "own.csv"
    path.write_bytes(csv_of(usual()))
    planned(name=name, dataset=str(path))
    path.write_bytes(csv_of(usual(seed=1)))
    with pytest.raises(UserError, match="was begun with dataset ="):
        planned(name=name, dataset=str(path))


def test_the_same_table_at_another_place_is_the_same_study(planned, tmp_path):
    name = next(NAMES)
    planned(name=name)
    (tmp_path / "left.csv").write_bytes(csv_of(usual()))
    assert planned(name=name, dataset=str(tmp_path / "left.csv"))


def test_a_fit_has_its_part_of_the_time_and_of_the_memory(planned, ray_cluster):
    plan = limited(planned(folds=4, minutes=5.0), Resources(2, 1.0, 0.0))
    assert plan.evaluation.trial_kwargs["time_limit"] == 60
    memory = plan.evaluation.trial_kwargs["memory_limit"]
    whole = limited(planned(), Resources(1, 2.0, 0.0)).trial_kwargs["memory_limit"]
    assert memory == pytest.approx(whole / 2, abs=2)
    assert whole > 10**8


def test_a_frame_of_the_program_is_a_table(planned):
    frame = usual()
    plan = planned(dataset=give_table(frame))
    assert plan.trial_kwargs["frame"].equals(frame)
    assert len(plan.data.answers) + len(plan.data.test_answers) == len(frame)


def test_what_people_know_of_a_models_parameters_reaches_the_searcher(planned):
    plan = planned(prior=["model ~ choice(lightgbm: 100)"], portfolio=False)
    assert plan.record.believed.startswith("model ~ choice(")
    searcher = plan.searcher
    _, *configs = [searcher.suggest(f"t{number}") for number in range(11)]
    assert [config["model"] for config in configs].count("lightgbm") > 7
    with pytest.raises(UserError, match="--prior naswot judges networks"):
        planned(prior=["naswot"], searcher="random")


def test_what_a_study_of_images_has_is_no_option_here():
    with pytest.raises(TypeError, match="final_seeds"):
        AutomlSettings(dataset="x.csv", target="y", final_seeds=3)


def test_settings_are_checked_without_the_options_that_this_kind_of_study_lacks(table):
    AutomlSettings(dataset=str(table), target="left").check()
    with pytest.raises(UserError, match="pbt changes trials while they run"):
        AutomlSettings(dataset=str(table), target="left", scheduler="pbt").check()
