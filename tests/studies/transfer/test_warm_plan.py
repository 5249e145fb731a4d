"""A study that begins from others: what its plan has of them, and that it stays so."""

import shutil

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.hpo import HpoSettings, prepare
from automl_on_ray.tracking.store import earlier_studies
from tests.tracking.store.stored import store

GROWING = "tests.schedulers.populations.growing"
MEMBER = {"width": 8, "rate": 0.01, "batch": 64, "kind": "b", "optimizer": "adam"}
KEYS = [*MEMBER, "momentum"]


@pytest.fixture
def storage(template, tmp_path):
    shutil.copy(template, tmp_path)
    return tmp_path


def planned(storage, **asked):
    usual = {
        "trainable": f"{GROWING}:Growing", "space": f"{GROWING}:SPACE", "objective": "score",
        "scheduler": "fifo", "trials": 9, "epochs": 4, "name": "today",
        "storage": str(storage), "tracking_uri": f"sqlite:///{storage}/mlflow.db",
    }  # fmt: skip
    plan = prepare(HpoSettings(**{**usual, **asked}))
    with plan.study:
        return plan


def earlier(storage, name, **words):
    trials = [({**MEMBER, "batch": 10 + n}, [0.1, 0.2 + n / 100], {}) for n in range(6)]
    return store(f"sqlite:///{storage}/mlflow.db", name, trials, domains=KEYS, **words)


def test_studies_of_the_store_are_sources_and_the_study_stays_with_them(storage):
    first = earlier(storage, "first", data=("letters", "xyz"))
    plan = planned(storage, warm_start="all")
    settings = plan.searcher.settings
    assert [(one.name, len(one.trials)) for one in settings.sources] == [("first", 6)]
    assert [point["batch"] for point in settings.points][:1] == [15]
    assert plan.record.warm_start.startswith("Warm start: 6 trials of 'first' on other data")
    assert plan.study.asked["warm-start"] == {
        "asked": "all", "studies": [{"study": "first", "id": first}], "files": {}
    }  # fmt: skip
    earlier(storage, "second", data=("words", "abc"))
    again = planned(storage, warm_start="all")
    assert again.study.study_id == plan.study.study_id
    assert again.searcher.settings.sources == settings.sources
    with pytest.raises(UserError, match="begun with warm-start"):
        planned(storage, warm_start="second")
    anew = planned(storage, warm_start="all", fresh=True)
    assert [one.name for one in anew.searcher.settings.sources] == ["second", "first"]


def test_a_study_that_goes_on_is_none_of_the_earlier_ones(storage):
    """It is in the store by then, perhaps with trials."""
    plan = planned(storage, warm_start="all")
    assert "no earlier study" in plan.record.warm_start
    with plan.tracker("trial") as tracking:
        assert tracking.study_end("stopped")
    found = earlier_studies(plan.uri)
    assert [(one.study_id, one.trainable) for one in found] == [
        (plan.study.study_id, f"{GROWING}:Growing")
    ]
    assert found[0].keys == set(KEYS)
    again = planned(storage, warm_start="all")
    assert again.study.study_id == plan.study.study_id
    assert again.study.asked["warm-start"]["studies"] == []


def test_results_of_the_same_task_leave_the_own_start_out(storage):
    tags = {"automl.trainable": f"{GROWING}:Growing"}
    earlier(storage, "same", data=("the trainable's own", ""), tags=tags)
    settings = planned(storage, warm_start="same").searcher.settings
    assert len(settings.known) == 6
    assert settings.points == settings.sources == ()


def test_a_searcher_that_learns_nothing_takes_first_configs_alone(storage):
    earlier(storage, "first", data=("letters", "xyz"))
    settings = planned(storage, warm_start="first", searcher="random").searcher.settings
    assert settings.sources == settings.known == ()
    assert settings.points
