"""A study that begins from others: what its plan has of them, and that it stays so."""

import json
import shutil

import numpy as np
import pytest
from mlflow import MlflowClient

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.architecture import NasSettings
from automl_on_ray.studies.architecture.plan import prepare as prepare_architectures
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


def test_a_changed_space_is_refused_unless_the_old_trials_are_taken_as_data(storage):
    """What a searcher makes of them: tests/workflows/test_hpo.py."""
    steady = {"trainable": "tests.helpers.crashing:Steady", "name": "warm"}
    old = planned(storage, **steady, space="tests.helpers.crashing:SPACE")
    manifest = (old.study.path / "study.json").read_text()
    trials = [({"x": x}, [x, 2 * x, 3 * x, 4 * x], {}) for x in (-0.5, 0.25, 0.75)]
    tags = {"automl.trainable": "tests.helpers.crashing:Steady"}
    store(old.uri, "warm", trials, data=("the trainable's own", ""), domains=["x"], tags=tags,
          study_id=old.study.study_id)  # fmt: skip
    higher = {**steady, "space": "tests.helpers.crashing:HIGHER"}
    with pytest.raises(UserError, match=r"begun with space 'x' = 'uniform\(-1.0, 1.0\)'") as told:
        planned(storage, **higher)
    assert "--warm-start warm" in str(told.value)
    assert (old.study.path / "study.json").read_text() == manifest
    plan = planned(storage, **higher, warm_start="warm")
    assert plan.record.warm_start.startswith("Warm start: 2 trials of 'warm' known as results")
    assert sorted(one.config["x"] for one in plan.searcher.settings.known) == [0.25, 0.75]
    (aside,) = storage.glob("warm-*")
    assert (aside / "study.json").read_text() == manifest
    again = planned(storage, **higher, warm_start="warm")  # the same command goes on
    assert again.study.study_id == plan.study.study_id != old.study.study_id
    assert again.searcher.settings == plan.searcher.settings


def test_a_study_goes_on_when_what_it_began_with_is_gone(storage, tmp_path):
    first = earlier(storage, "first", data=("letters", "xyz"))
    file = tmp_path / "others.json"
    entry = {"config": MEMBER, "metrics": {"score": 0.3}}
    file.write_text(json.dumps([entry, {**entry, "config": {**MEMBER, "batch": 12}}]))
    asked = f"first,{file}"
    before = planned(storage, warm_start=asked)
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    for run in client.search_runs([one.experiment_id for one in client.search_experiments()]):
        client.delete_run(run.info.run_id)
    file.unlink()
    again = planned(storage, warm_start=asked)
    assert again.study.study_id == before.study.study_id
    assert again.searcher.settings == before.searcher.settings
    assert again.record.warm_start == before.record.warm_start
    assert [one.name for one in again.searcher.settings.sources] == ["first", "others"]
    assert again.study.asked["warm-start"]["studies"] == [{"study": "first", "id": first}]


@pytest.mark.parametrize(
    "damage",
    [
        lambda told: "[",
        lambda told: json.dumps({**told, "known": 3}),
        lambda told: json.dumps({**told, "points": [{"batch": -1}]}),
        lambda told: json.dumps(
            {**told, "sources": [{"name": "x", "trials": [{"config": {"batch": -1},
                                                          "curve": {"1": {"score": 1.0}}}]}]}
        ),
        lambda told: json.dumps(told).replace("0.2", "NaN"),
    ],
)  # fmt: skip
def test_a_damaged_file_of_what_it_began_with_is_refused(storage, damage):
    earlier(storage, "first", data=("letters", "xyz"))
    folder = planned(storage, warm_start="first").study.path
    file = folder / "warm_start.json"
    file.write_text(damage(json.loads(file.read_text())))
    with pytest.raises(UserError, match=r"warm_start\.json cannot be read .*--fresh"):
        planned(storage, warm_start="first")


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


def test_cells_found_on_one_data_set_come_first_on_another(storage):
    """A searcher that takes no sources begins with what was best there."""
    asked = {
        "dataset": "digits", "space": "nas-bench-201", "evaluation": "standalone",
        "searcher": "evolution", "scheduler": "fifo", "trials": 9, "epochs": 1,
        "storage": str(storage), "tracking_uri": f"sqlite:///{storage}/mlflow.db",
    }  # fmt: skip
    with (plan := prepare_architectures(NasSettings(**asked, name="cold"))).study:
        space, metric = plan.evaluation.space, plan.evaluation.objectives[0].metric
    generator = np.random.default_rng(0)
    cells = [space.sample(generator) for _ in range(8)]
    role = {"automl.role": plan.evaluation.role}
    trials = [(cell, [{metric: 0.5 + n / 100}], role) for n, cell in enumerate(cells)]
    store(plan.uri, "cifar10", trials, data=("cifar10", "xyz"), domains=list(space.domains))
    with (plan := prepare_architectures(NasSettings(**asked, name="w", warm_start="all"))).study:
        settings = plan.searcher.settings
    assert settings.known == settings.sources == ()
    assert len(settings.points) == 3
    assert {**space.constants, **settings.points[0]} == cells[-1]
