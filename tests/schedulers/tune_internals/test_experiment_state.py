"""State files of Ray's: which are whole, and what is changed in them when a study goes on."""

import json
from types import SimpleNamespace

import cloudpickle
import pytest
from ray import tune
from ray.tune import ResumeConfig, Trainable
from ray.tune.experiment import Trial

from automl_on_ray.schedulers.tune_internals import (
    asking_for,
    forget_errors,
    has_trials,
    is_whole,
    make_tuner,
    run_tuner,
)
from automl_on_ray.schedulers.tune_internals.experiment_state import PacedStates
from automl_on_ray.schedulers.tune_internals.node_failure import spare

PICKLED = cloudpickle.dumps({"total_samples": 4, "finished": True, "name:X": {"max_concurrent": 2}})


def test_a_searcher_is_asked_for_as_many_as_today_and_as_many_at_once():
    limited = cloudpickle.dumps(
        {"total_samples": 4, "finished": True, "other": 1,
         "name:ConcurrencyLimiter": {"max_concurrent": 2, "live": [1]}}
    )  # fmt: skip
    changed = cloudpickle.loads(asking_for(9, "search_gen_state-1.json", limited))
    assert changed == {
        "total_samples": 9, "finished": False, "other": 1,
        "name:ConcurrencyLimiter": {"live": [1]},
    }  # fmt: skip
    plain = cloudpickle.loads(asking_for(9, "search_gen_state-1.json", PICKLED))
    assert plain == {"total_samples": 9, "finished": False, "name:X": {"max_concurrent": 2}}


def test_other_files_stay_as_they_are():
    assert asking_for(9, "searcher-state-1.pkl", PICKLED) is PICKLED


@pytest.mark.parametrize(
    ("name", "data", "whole"),
    [
        ("experiment_state-1.json", b'{"a": 1}', True), ("experiment_state-1.json", b'{"a"', False),
        ("experiment_state-1.json", PICKLED, False), ("searcher-state-1.pkl", PICKLED, True),
        ("searcher-state-1.pkl", PICKLED[:9], False), ("searcher-state-1.pkl", b"", False),
    ],
)  # fmt: skip
def test_a_torn_file_is_not_whole(name, data, whole):
    assert is_whole(name, data) == whole


def test_whether_there_are_trials():
    states = ({"trial_data": [["a", "b"]]}, {"trial_data": []}, {"stats": {}})
    assert [has_trials(json.dumps(state).encode()) for state in states] == [True, False, False]


def test_errors_are_not_unpickled_again():
    trial = SimpleNamespace(run_metadata=SimpleNamespace(pickled_error_filename="error.pkl"))
    forget_errors([trial])
    assert trial.run_metadata.pickled_error_filename is None


@pytest.mark.parametrize("resume", [None, ResumeConfig()])
def test_a_tuner_is_told_how_to_go_on_if_it_is_to(resume):
    tuner = make_tuner(lambda config: None, resume, param_space={"x": 1})
    assert tuner._local_tuner._tuner_kwargs == ({"resume_config": resume} if resume else {})
    assert tuner._local_tuner.param_space == {"x": 1}


def test_a_tuners_trials_are_all_that_its_analysis_knows():
    analysis = SimpleNamespace(trials=["of a former session", "new"])
    tuner = SimpleNamespace(fit=lambda: SimpleNamespace(_experiment_analysis=analysis))
    assert run_tuner(tuner) == analysis.trials


def trial_that_reported(status):
    tune.register_trainable("named", Trainable)
    resources = tune.PlacementGroupFactory([{"CPU": 1}])
    trial = Trial("named", config={"x": 0.5}, stub=True, placement_group_factory=resources)
    trial.create_placement_group_factory()
    spare(trial)
    for step in range(1, 4):
        trial.update_last_result({"error": 1 / step, "training_iteration": step})
    trial.set_status(status)
    return trial


@pytest.mark.parametrize("status", [Trial.PAUSED, Trial.TERMINATED])
def test_the_text_of_a_trial_is_read_by_ray_as_its_own(status):
    trial = trial_that_reported(status)
    state, run = trial.get_json_state()
    found = Trial.from_json_state(state, stub=True)
    found.restore_run_metadata(run)
    assert (found.trial_id, found.config, found.status) == (trial.trial_id, {"x": 0.5}, status)
    assert found.run_metadata.last_result == trial.run_metadata.last_result
    assert found.run_metadata.metric_analysis == trial.run_metadata.metric_analysis


def test_a_trial_that_goes_on_keeps_the_values_of_its_means():
    trial = trial_that_reported(Trial.PAUSED)
    found = Trial.from_json_state(trial.get_json_state()[0], stub=True)
    found.restore_run_metadata(trial.get_json_state()[1])
    for one in (trial, found):
        one.run_metadata.update_metric("error", 0.0, step=4)
        assert one.run_metadata.metric_analysis["error"]["last-5-avg"] == pytest.approx(11 / 24)


def test_a_text_is_made_again_only_when_something_has_changed():
    trial = trial_that_reported(Trial.TERMINATED)
    before = trial.get_json_state()
    assert all(now is then for now, then in zip(trial.get_json_state(), before, strict=True))
    trial.run_metadata.num_failures += 1
    assert json.loads(trial.get_json_state()[1])["num_failures"] == 1


class Copies:
    """Of a state: none takes time."""

    def wait(self):
        """There is nothing to wait for."""

    def sync_up(self, *folders):
        return True


def states(monkeypatch, seconds_a_save):
    """A manager of states that has saved once, the clock's seconds, and when it has saved."""
    now, saved = [100.0], []
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    storage = SimpleNamespace(
        syncer=Copies(), experiment_driver_staging_path="", experiment_fs_path=""
    )
    manager = PacedStates(
        storage=storage, checkpoint_period="auto", sync_every_n_trial_checkpoints=1
    )

    def save():
        saved.append(now[0])
        now[0] += seconds_a_save

    manager.sync_up_experiment_state(save)
    return manager, now, saved, save


def test_states_that_ray_hurries_take_a_twentieth_of_the_time(monkeypatch):
    manager, now, saved, save = states(monkeypatch, seconds_a_save=0.2)
    for _ in range(1000):
        now[0] += 0.01  # a result, with a checkpoint
        manager.on_trial_checkpoint("a trial")
        manager.sync_up_experiment_state(save)
    assert len(saved) * 0.2 == pytest.approx((now[0] - 100.0) / 20, abs=0.2)


def test_states_that_take_no_time_are_saved_when_ray_wants_it(monkeypatch):
    manager, now, saved, save = states(monkeypatch, seconds_a_save=0.0)
    for _ in range(5):
        now[0] += 0.01
        manager.on_trial_checkpoint("a trial")
        manager.sync_up_experiment_state(save)
    assert len(saved) == 6


def test_without_hurry_a_state_is_saved_every_ten_seconds(monkeypatch):
    manager, now, saved, save = states(monkeypatch, seconds_a_save=0.1)
    for _ in range(301):
        now[0] += 0.1
        manager.sync_up_experiment_state(save)
    assert len(saved) == 3


def test_what_is_forced_is_saved_at_once(monkeypatch):
    manager, _, saved, save = states(monkeypatch, seconds_a_save=1.0)
    manager.sync_up_experiment_state(save, force=True, wait=True)
    assert len(saved) == 2
