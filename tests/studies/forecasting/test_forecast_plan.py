"""The plan of a study of forecasts: what is told, and refused, before anything starts."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import ray

from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.search_spaces.forecast import CLASSICAL
from automl_on_ray.studies.forecasting import ForecastSettings, prepare
from automl_on_ray.studies.forecasting.facts import facts_told
from tests.studies.forecasting.panels import HORIZON, panel_of, sales

NAMES = (f"plan-{number}" for number in itertools.count())
OWN = {"time": "date", "series": "shop", "target": "units", "horizon": HORIZON}


@pytest.fixture
def planned(storage, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))

    def plan(frame=None, **options):
        path = tmp_path / "shops.csv"
        (sales() if frame is None else frame).to_csv(path, index=False)
        usual = {**OWN, "storage": str(storage), "name": next(NAMES)}
        made = prepare(ForecastSettings(dataset=str(path), **{**usual, **options}))
        with made.study:
            return made

    return plan


def told_in(capsys):
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_what_was_read_and_where_it_is_cut_is_told_before_anything_starts(planned, capsys):
    started = ray.is_initialized()
    plan = planned()
    said = told_in(capsys)
    for part in (
        "series 8, with 66 steps to learn from",
        "horizon 6 steps, one every MS",
        "season 12 steps",
        "objective low mase, of steps that are held out",
        "test part the last 6 steps of each series; beside it seasonal naive, Theta and ETS",
        "origins 3 before the test part, the latest first; each forecasts 6 steps",
        "search optuna and asha on space forecast, 10 minutes",
    ):
        assert part in said
    assert plan.evaluation.epochs == plan.data.folds == 3
    assert plan.record.only_whole
    assert ray.is_initialized() == started


def told_of(panel):
    settings = ForecastSettings(dataset="pandas:series 12ab", **{**OWN, "minutes": None})
    return dict(facts_told(panel, settings, [Objective("val_mase", "min")]))


def test_series_of_unlike_lengths_are_told_by_their_spread():
    frame = pd.concat([sales(series=3), sales(series=1, months=50).assign(shop="late")])
    panel = panel_of(frame, origins=3)
    told = told_of(panel)
    assert told["series"] == "4, with 44 to 66 steps to learn from, median 66"
    assert told["search"] == "optuna and asha on space forecast"
    assert told["origins"].startswith("3 before the test part, the latest first; each forecasts 6 ")
    assert ("remark" in told) == bool(panel.remarks)


def test_one_step_without_a_season_is_told_so():
    told = told_of(panel_of(sales(), horizon=1, season=1))
    assert (told["horizon"], told["season"]) == ("1 step, one every MS", "none")
    assert "known ahead" not in told
    told = told_of(replace(panel_of(sales()), frequency=None, season=2))
    assert (told["horizon"], told["season"]) == ("6 steps", "2 steps")


def test_fewer_origins_than_asked_are_what_a_trial_has(planned, capsys):
    plan = planned(sales(months=42), origins=5)
    assert plan.evaluation.epochs == plan.data.folds < 5


def test_covariates_are_told_and_read(planned, capsys):
    frame = sales().assign(price=1.5, visitors=20)
    plan = planned(frame, known_ahead="price", known_past="visitors")
    assert plan.data.known_names == ("price",)
    assert plan.data.past_names == ("visitors",)
    assert "known ahead price known past visitors" in told_in(capsys)


def test_trials_are_given_what_was_asked_of_the_series(planned):
    asked = {"frequency": "MS", "season": 6, "subset": 5, "seed": 2, "origins": 2}
    plan = planned(**asked)
    assert {key: plan.trial_kwargs[key] for key in asked} == asked
    assert plan.trial_kwargs["digest"] == plan.data.digest


def test_several_objectives_may_be_asked(planned):
    plan = planned(objective="-mase,-predict_seconds")
    assert plan.evaluation.objectives == (
        Objective("val_mase", "min"), Objective("predict_seconds", "min"),
    )  # fmt: skip


def test_the_classical_methods_are_tried_after_the_start_of_the_space(planned):
    starts = planned().evaluation.starts
    assert starts[0]["model"] == "mlp"
    assert [one["model"] for one in starts[1:]] == list(CLASSICAL)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"objective": "mase"}, r"mase is better when low: give --objective=-mase"),
        ({"objective": "-rmse"}, r"'rmse'"),
        ({"scheduler": "pbt"}, r"--scheduler pbt changes trials while they run"),
        ({"space": "tables"}, r"--space tables has .*; here `model` is one of"),
        ({"target": "sold"}, r"sold"),
        ({"time": "when"}, r"when"),
        ({"series": "store"}, r"store"),
        ({"known_ahead": "price"}, r"price"),
        ({"horizon": 70}, r"All series are shorter"),
    ],
)
def test_a_mistake_is_refused_in_a_line(options, said, planned, storage):
    before, started = set(storage.iterdir()), ray.is_initialized()
    with pytest.raises(UserError, match=said) as refused:
        planned(**options)
    assert len(str(refused.value).splitlines()) == 1
    assert set(storage.iterdir()) == before
    assert ray.is_initialized() == started


def test_a_time_that_is_there_twice_is_refused_by_its_series(planned):
    frame = sales()
    frame.loc[1, "date"] = frame.loc[0, "date"]
    with pytest.raises(UserError, match="shop 0"):
        planned(frame)


def test_other_origins_or_other_values_make_another_study(planned):
    name = next(NAMES)
    planned(name=name)
    with pytest.raises(UserError, match="was begun with origins = 3"):
        planned(name=name, origins=2)
    other = sales()
    other.loc[3, "units"] = np.pi
    with pytest.raises(UserError, match="was begun with dataset"):
        planned(other, name=name)
