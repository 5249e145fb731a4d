"""A trial fits a recommender before each point in time, from the latest back."""

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.recommend import MODELS, SPACE
from automl_on_ray.trainables.recommendation import (
    METRICS,
    FitSettings,
    Recommendations,
    fit,
    load_events,
    rank,
    scores,
)
from tests.helpers.clicks import COLUMNS, clicks

ASKED = {"dataset": "clicks", **COLUMNS, "folds": 2}
EASE = {"model": "ease", "ease_l2": 10.0}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))


def trial(config=EASE, **keywords):
    given = {"space": SPACE, **ASKED, "frame": clicks(), **keywords}
    return tune.with_parameters(Recommendations, **given)(config=dict(config))


def members(count=3):
    """Some configs of each model."""
    generator = np.random.default_rng(0)
    found = {model: [] for model in MODELS}
    while any(len(own) < count for own in found.values()):
        config = SPACE.sample(generator)
        found[config["model"]].append(config)
    return [config for own in found.values() for config in own[:count]]


def of_costs(report):
    return {name: value for name, value in report.items() if not name.endswith("seconds")}


def test_a_step_is_a_fold_and_tells_every_metric():
    one = trial()
    first, second = one.step(), one.step()
    for name in METRICS:
        assert 0 <= first[f"val_{name}"] <= 1
    assert (first["done"], second["done"]) == (False, True)
    assert second["fit_seconds"] > first["fit_seconds"]


def test_the_first_fold_is_the_latest_and_the_report_a_mean():
    one, events = trial(), load_events({**ASKED, "frame": clicks()})
    reports = [one.step()["val_ndcg"] for _ in range(2)]
    found = []
    for fold in range(2):
        seen, (users, held) = events.seen(fold), events.held(fold)
        ranked = rank(fit(EASE, seen, FitSettings()), seen, users)
        found.append(scores(ranked.items, held)["ndcg"])
    assert reports == pytest.approx([found[0], np.mean(found)])


def test_stopped_and_restored_it_ends_the_same(tmp_path):
    whole, stopped, restored = trial(), trial(), trial()
    expected = [whole.step() for _ in range(2)][-1]
    stopped.step()
    stopped.save_checkpoint(str(tmp_path))
    restored.load_checkpoint(str(tmp_path))
    assert of_costs(restored.step()) == of_costs(expected)


def test_a_final_trial_reports_the_test_part():
    report = trial(final=True).step()
    assert report["done"]
    assert {f"test_{name}" for name in METRICS} <= set(report)


@pytest.mark.parametrize("config", members(), ids=lambda config: config["model"])
def test_all_that_the_space_has_can_be_fitted(config):
    own = dict(config)
    for key in own:  # a moment each
        if key.endswith("epochs"):
            own[key] = 5
    report = trial(own).step()
    assert np.isfinite(report["val_ndcg"])


def test_users_have_tastes_that_a_model_of_items_finds_and_popularity_does_not():
    assert trial().step()["val_ndcg"] > 1.2 * trial({"model": "popularity"}).step()["val_ndcg"]


def test_a_config_of_another_space_is_refused():
    with pytest.raises(UserError, match="model"):
        trial({"model": "gossip"})
