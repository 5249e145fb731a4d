"""Finding a state to go on from, whatever a kill left behind."""

import os
import pickle

import pytest

from workflows._resume import keep, resume_config


@pytest.fixture
def experiment(tmp_path):
    (tmp_path / "experiment_state-2026-01-01_00-00-00.json").write_text('{"trials": [1]}')
    state = tmp_path / "searcher-state-2026-01-01_00-00-00.pkl"
    state.write_bytes(pickle.dumps({"asked": 1}))
    return tmp_path


def test_an_empty_folder_has_nothing_to_go_on_from(tmp_path):
    assert resume_config(tmp_path, retry_failed=False) is None


def test_tuner_pkl_alone_is_nothing_to_go_on_from(tmp_path):
    (tmp_path / "tuner.pkl").write_bytes(b"x")
    assert resume_config(tmp_path, retry_failed=False) is None


def test_a_whole_state_is_gone_on_from(experiment):
    assert resume_config(experiment, retry_failed=False).errored.value == "SKIP".lower()
    assert resume_config(experiment, retry_failed=True).errored.value == "RESUME".lower()


@pytest.mark.parametrize("torn", ["experiment_state*", "searcher-state*"])
@pytest.mark.parametrize("left", [0, 5, None])
def test_the_copy_kept_takes_the_place_of_rays_files(experiment, tmp_path, torn, left):
    file = next(experiment.glob(torn))
    whole = file.read_bytes()
    keep(experiment, experiment)
    os.truncate(file, left) if left is not None else file.unlink()
    later = tmp_path / "experiment_state-2026-01-02_00-00-00.json"  # of a session killed at once
    later.write_text('{"trials": []}')
    assert resume_config(experiment, retry_failed=False) is not None
    assert file.read_bytes() == whole
    assert not later.exists()
    assert list(experiment.glob("*.aside"))


def test_a_torn_state_without_a_copy_is_nothing_to_go_on_from(experiment):
    os.truncate(next(experiment.glob("experiment_state*")), 3)
    assert resume_config(experiment, retry_failed=False) is None


def test_a_copy_that_was_not_finished_is_passed_over_for_the_one_before(experiment):
    keep(experiment, experiment)
    (experiment / "kept").rename(experiment / "kept.old")
    (experiment / "kept.new").mkdir()
    os.truncate(next(experiment.glob("experiment_state*")), 3)
    assert resume_config(experiment, retry_failed=False) is not None
    assert next(experiment.glob("experiment_state*.json")).read_text() == '{"trials": [1]}'
