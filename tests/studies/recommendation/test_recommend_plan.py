"""What is asked of recommend.py is what will be done: by the plan alone."""

import itertools
import json

import pytest

from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.studies import plan as plans
from automl_on_ray.studies.inputs import find_space
from automl_on_ray.studies.recommendation import RecommendSettings, prepare
from automl_on_ray.studies.recommendation.baselines import at_their_best, first_configs
from automl_on_ray.studies.recommendation.facts import facts_told
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.trainables.recommendation import load_events
from tests.helpers.clicks import COLUMNS, clicks

NAMES = (f"plan-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "clicks.csv"
    clicks().to_csv(path, index=False)
    return path


@pytest.fixture
def planned(storage, events, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))

    def plan(**asked):
        own = {"dataset": str(events), **COLUMNS, "folds": 2, "storage": str(storage)}
        made = prepare(RecommendSettings(**{**own, "name": next(NAMES), **asked}))
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


def test_a_step_is_a_fold(planned):
    plan = planned()
    assert plan.data.folds == plan.evaluation.epochs == 2


@pytest.mark.parametrize(
    ("asked", "objectives"),
    [
        ({}, ["val_ndcg"]),
        ({"objective": "recall"}, ["val_recall"]),
        ({"objective": "ndcg,coverage"}, ["val_ndcg", "val_coverage"]),
        ({"objective": "ndcg, -predict_seconds"}, ["val_ndcg", "-predict_seconds"]),
    ],
)
def test_the_objective_is_ndcg_unless_others_are_given(asked, objectives, planned):
    assert [str(one) for one in planned(**asked).record.objectives] == objectives


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"objective": "-ndcg"}, "ndcg is better when high: give --objective=ndcg."),
        ({"objective": "ndgc"}, "Did you mean 'ndcg'"),
        ({"user": None}, "Say with --user which column holds the users. There are: 'who', "),
        ({"item": None}, "Say with --item which column holds the items. There are: 'who', "),
        ({"dataset": "nowhere.csv"}, "There are no events at"),
        ({"scheduler": "pbt"}, "one config on all folds"),
        ({"tracking_uri": "http://127.0.0.1:1"}, "does not answer"),
        ({"space": "tables"}, "--space tables has .*; here `model` is one of"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(asked, said, planned):
    with pytest.raises(UserError, match=said) as caught:
        planned(**asked)
    assert "\n" not in str(caught.value)


def test_the_classical_methods_are_tried_first(points):
    space = find_space("recommend")
    assert points() == first_configs(space)


def test_the_classical_methods_are_members_of_the_space():
    space = find_space("recommend")
    for config in first_configs(space):
        space.check(config)
    assert {config["model"] for config in first_configs(space)[:4]} == {
        "popularity", "recent_popularity", "item_knn", "ease",
    }  # fmt: skip


def test_they_give_way_to_what_the_user_knows(points, tmp_path):
    own = {"model": "ease", "ease_l2": 77.0}
    (tmp_path / "first.json").write_text(json.dumps([own]))
    assert points(try_first=tmp_path / "first.json") == [own]
    assert points(baselines=False) == [find_space("recommend").start]


def test_each_method_is_at_its_best_as_the_folds_say(planned):
    objectives = planned().record.objectives
    ease, knn = ({"model": "ease", "ease_l2": l2} for l2 in (10.0, 20.0)), {"model": "item_knn"}
    rows = [
        Row(name, config, {"val_ndcg": value}, "completed", folds)
        for name, config, value, folds in [
            ("a", next(ease), 0.2, 2), ("b", next(ease), 0.3, 1), ("c", knn, 0.1, 1),
        ]
    ]  # fmt: skip
    best = at_their_best(rows, objectives)
    assert best["EASE"]["ease_l2"] == 10.0  # more folds count before more luck in one
    assert best["ItemKNN"] == knn
    assert best["recent popularity"]["recent_popularity_share"] == 0.1
    assert list(best) == ["popularity", "recent popularity", "ItemKNN", "EASE"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": "leave-last-out"}, "dataset|split"),
        ({"folds": 1}, "dataset|folds"),
        ({"core": 3}, "dataset|core"),
        ({"seed": 1}, "dataset|seed"),
        ({"baselines": False}, "baselines"),
        ({"objective": "recall"}, "objective"),
    ],
)
def test_a_study_is_of_its_events_and_how_they_are_parted(change, said, planned):
    name = next(NAMES)
    planned(name=name)
    with pytest.raises(UserError, match=f"was begun with ({said}) ="):
        planned(name=name, **change)


def test_a_study_may_go_on_with_more_time_and_trials(planned):
    name = next(NAMES)
    planned(name=name, trials=4)
    assert planned(name=name, trials=8, minutes=20.0).asked.trials == 8


@pytest.mark.parametrize(
    ("split", "said"),
    [("time", "by time: the last events"), ("leave-last-out", "leaky, as models know")],
)
def test_the_split_is_told_and_what_leaks_is_named(split, said, planned):
    plan = planned(split=split)
    told = dict(facts_told(plan.data, plan.asked, plan.record.objectives))
    assert said in told["split"]
    assert "2 folds" in told["split"]
    assert told["objective"] == "high ndcg, of all items ranked for each user"


def test_trials_are_given_what_was_asked_of_the_events(planned, capsys):
    asked = {"split": "leave-last-out", "core": 2, "subset": 40, "seed": 2, "folds": 1}
    plan = planned(**asked)
    assert {key: plan.trial_kwargs[key] for key in asked} == asked
    assert {key: plan.trial_kwargs[key] for key in COLUMNS} == COLUMNS
    assert plan.trial_kwargs["digest"] == plan.data.digest
    assert plan.record.only_whole
    assert "of all pairs of a user and an item" in capsys.readouterr().out


def test_trials_are_given_the_column_of_ratings(planned, tmp_path):
    clicks().assign(stars=4.0).to_csv(tmp_path / "rated.csv", index=False)
    plan = planned(dataset=str(tmp_path / "rated.csv"), rating="stars")
    assert plan.trial_kwargs["rating"] == "stars"


def test_what_was_read_of_events_is_told(events, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))
    data = load_events({"dataset": str(events), **COLUMNS, "folds": 2})
    asked = RecommendSettings(dataset=str(events), **COLUMNS, minutes=None)
    told = list(facts_told(data, asked, [Objective("val_ndcg")]))
    learned, held = len(data.seen(None).users), [len(data.held(fold)[0]) for fold in (0, 1)]
    assert told == [
        ("events", f"{learned} to learn from, of 60 users and 30 items"),
        ("density", f"{learned / 1800:.2%} of all pairs of a user and an item"),
        ("objective", "high ndcg, of all items ranked for each user"),
        ("split", "by time: the last events are the test part, those before it 2 folds"),
        ("judged by", f"{held[0]}, {held[1]} users in the folds, {len(data.held(None)[0])} in "
                      "the test part"),
        *[("remark", remark) for remark in data.remarks],
        ("search", "optuna and asha on space recommend"),
    ]  # fmt: skip
    one = load_events({"dataset": str(events), **COLUMNS, "folds": 1})
    assert dict(facts_told(one, asked, ()))["split"].endswith("those before it 1 fold")


def test_a_filter_is_told_where_there_is_one(planned):
    with_and_without = [planned(core=core) for core in (0, 3)]
    told = [dict(facts_told(it.data, it.asked, it.record.objectives)) for it in with_and_without]
    assert "filter" not in told[0]
    assert told[1]["filter"] == "users and items with 3 events at least, in all parts together"
