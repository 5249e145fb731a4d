"""What can be learned from an earlier study's trials."""

import math
from collections import Counter

import pytest
from mlflow.tracking import MlflowClient
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.store import (
    earlier_studies,
    earlier_trials,
    newest_of,
    with_configs,
    with_curves,
)
from tests.tracking.store.stored import store


def read(uri, name, metrics, whole=None):
    """Configs and curves of a study's trials, all that there is of them."""
    study = newest_of(earlier_studies(uri), name, uri)
    found = earlier_trials(uri, [study], metrics)[study.study_id]
    filled = with_curves(uri, with_configs(uri, found), metrics, whole=whole)
    return [(one.config, one.curve) for one in filled]


def test_the_trials_that_are_the_work_of_one_config_with_their_curves(uri):
    """Of a study from before runs had tags for it."""
    store(
        uri, "earlier",
        [
            ({"x": 1}, [0.1, 0.2], {}),
            ({"x": 2}, [0.3], {"automl.outcome": "pruned"}),
            ({"x": 3}, [0.9], {"automl.outcome": "failed"}),
            ({"x": 4}, [0.9, math.nan], {}),
            ({"x": 5}, [0.9], {"pbt.generation": "1"}),
            ({"x": 6}, [], {}),
            ({"x": 7}, [math.inf, 0.5], {}),
            ({"x": 8}, [0.5, -math.inf], {}),
        ],
    )  # fmt: skip
    assert read(uri, "earlier", ["score"]) == [
        ({"x": 1}, {1: {"score": 0.1}, 2: {"score": 0.2}}),
        ({"x": 2}, {1: {"score": 0.3}}),
    ]
    assert read(uri, "earlier", ["loss"]) == []


def test_a_metric_that_was_not_reported_at_a_step_counts_as_it_was_last(uri):
    store(
        uri, "sparse",
        [
            ({"x": 1}, [{"score": 0.1}, {"cost": 5.0}, {"score": 0.3}, {"loss": 1.0}], {}),
            ({"x": 2}, [{"score": 0.1}, {"loss": 1.0}], {}),
        ],
    )  # fmt: skip
    assert read(uri, "sparse", ["score", "cost"]) == [
        (
            {"x": 1},
            {
                2: {"score": 0.1, "cost": 5.0},
                3: {"score": 0.3, "cost": 5.0},
                4: {"score": 0.3, "cost": 5.0},
            },
        )
    ]
    assert read(uri, "sparse", ["score"])[1] == (
        {"x": 2}, {1: {"score": 0.1}, 2: {"score": 0.1}}
    )  # fmt: skip


def test_replayed_trials_and_trials_of_another_role_teach_nothing(uri):
    store(uri, "replayed", [({"x": 1}, [0.1], {})], scheduler="replay")
    store(uri, "repeats", [({"x": 1}, [0.1], {"automl.role": "final"})])
    assert read(uri, "replayed", ["score"]) == []
    assert read(uri, "repeats", ["score"]) == []


def test_a_trial_whose_config_is_gone_is_left_out(uri):
    beside = uri.removeprefix("sqlite:///").removesuffix("mlflow.db") + "artifacts"
    store(uri, "gone", [({"x": 1}, [0.1], {}), ({"x": 2}, [0.2], {})])
    study = newest_of(earlier_studies(uri), "gone", uri)
    first = earlier_trials(uri, [study], ["score"])[study.study_id][0]
    assert first.files.startswith(beside)
    MlflowClient(uri).log_text(first.run_id, "no JSON", "config.json")
    assert [config for config, _ in read(uri, "gone", ["score"])] == [{"x": 2}]


def tracked(uri, folder, study, curves):
    """A study that our tracker writes: configs, and values by step."""
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=folder)
    tracker.setup()
    for number, (config, values) in enumerate(curves):
        trial = Trial("x", stub=True, trial_id=f"t_{number:05d}", config=config)
        hooks = {"iteration": 0, "trials": [trial], "trial": trial}
        for step, value in values.items():
            result = {"accuracy": value, "cost": 10.0 * step, "training_iteration": step}
            tracker.on_trial_result(**hooks, result=result)
            trial.update_last_result(result)
        tracker.on_trial_complete(**hooks)
    assert tracker.study_end("completed")


@pytest.fixture
def counted(monkeypatch):
    """How often which call was made of MLflow's client."""
    calls = Counter()
    for name in ("search_runs", "get_metric_history", "get_run", "download_artifacts"):
        real = getattr(MlflowClient, name)

        def counting(self, *args, _real=real, _name=name, **words):
            calls[_name] += 1
            return _real(self, *args, **words)

        monkeypatch.setattr(MlflowClient, name, counting)
    return calls


def test_what_our_tracker_wrote_comes_by_one_query_a_study(uri, tmp_path, make_study, counted):
    curves = [
        ({"lr": 0.1, "opt": {"name": "adam"}}, {1: 0.1, 2: 0.2, 3: 0.3, 6: 0.6}),
        ({"lr": 0.2, "opt": {"name": "sgd"}}, {1: 0.5, 2: 0.4}),
        ({"lr": 0.3, "opt": {"name": "sgd"}}, {1: math.nan, 2: 0.4}),
    ]
    tracked(uri, tmp_path / "journal", make_study(), curves)
    study = newest_of(earlier_studies(uri), "a study", uri)
    counted.clear()
    found = earlier_trials(uri, [study], ["accuracy", "cost"])[study.study_id]
    found = with_curves(uri, with_configs(uri, found), ["accuracy", "cost"], whole=6)
    assert counted == {"search_runs": 1}
    assert [(one.config, one.outcome, one.step) for one in found] == [
        (curves[0][0], "completed", 6), (curves[1][0], "pruned", 2)
    ]  # fmt: skip
    assert found[1].metrics == {"accuracy": 0.4, "cost": 20.0}
    # Curves are of objectives; another metric is known at its last step alone.
    assert found[0].curve == {6: {"accuracy": 0.6, "cost": 60.0}}
    (first, second) = earlier_trials(uri, [study], ["accuracy"])[study.study_id]
    assert first.curve == {step: {"accuracy": value} for step, value in curves[0][1].items()}
    assert second.curve == {1: {"accuracy": 0.5}, 2: {"accuracy": 0.4}}


def test_of_a_long_curve_the_steps_at_which_trials_are_compared_are_kept(uri, tmp_path, make_study):
    values = {step: step / 1000 for step in range(1, 301)}
    tracked(uri, tmp_path / "journal", make_study(max_t=300), [({"lr": 0.1}, values)])
    study = newest_of(earlier_studies(uri), "a study", uri)
    (trial,) = earlier_trials(uri, [study], ["accuracy"])[study.study_id]
    assert {1, 3, 9, 27, 81, 243, 300} <= trial.curve.keys()
    assert len(trial.curve) <= 64
    assert all(trial.curve[step] == {"accuracy": values[step]} for step in trial.curve)


def test_a_config_too_long_for_a_tag_is_read_from_its_file(uri, tmp_path, make_study, counted):
    long = {"lr": 0.1, "words": "w" * 9000}
    tracked(uri, tmp_path / "journal", make_study(), [(long, {1: 0.1}), ({"lr": 0.2}, {1: 0.2})])
    study = newest_of(earlier_studies(uri), "a study", uri)
    found = earlier_trials(uri, [study], ["accuracy"])[study.study_id]
    assert [one.config for one in found] == [None, {"lr": 0.2}]
    assert [one.config for one in with_configs(uri, found)] == [long, {"lr": 0.2}]


def test_metrics_have_their_own_names_again(uri, tmp_path, make_study):
    study = make_study(objectives=(Objective("map@50"),))
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "journal")
    tracker.setup()
    trial = Trial("x", stub=True, trial_id="t_00000", config={"lr": 0.1})
    hooks = {"iteration": 0, "trials": [trial], "trial": trial}
    tracker.on_trial_result(**hooks, result={"map@50": 0.5, "training_iteration": 2})
    tracker.on_trial_complete(**hooks)
    assert tracker.study_end("completed")
    assert read(uri, "a study", ["map@50"]) == [({"lr": 0.1}, {2: {"map@50": 0.5}})]
