"""State files of Ray's: which are whole, and what is changed in them when a study goes on."""

import json
from types import SimpleNamespace

import cloudpickle
import pytest
from ray.tune import ResumeConfig

from automl_on_ray.schedulers.tune_internals import (
    asking_for,
    forget_errors,
    has_trials,
    is_whole,
    make_tuner,
    run_tuner,
)

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
