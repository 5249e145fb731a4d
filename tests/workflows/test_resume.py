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
@pytest.mark.parametrize("left", [0, 5])
def test_a_torn_state_is_replaced_by_the_copy_kept_and_put_aside(experiment, torn, left):
    keep(experiment)
    file = next(experiment.glob(torn))
    whole = file.read_bytes()
    os.truncate(file, left)
    assert resume_config(experiment, retry_failed=False) is not None
    assert file.read_bytes() == whole
    assert len(list(experiment.glob("*.torn"))) == 2


def test_a_torn_state_without_a_copy_is_nothing_to_go_on_from(experiment):
    os.truncate(next(experiment.glob("experiment_state*")), 3)
    assert resume_config(experiment, retry_failed=False) is None


def test_a_torn_state_is_never_kept(experiment):
    keep(experiment)
    os.truncate(next(experiment.glob("experiment_state*")), 3)
    keep(experiment)
    kept = next((experiment / "kept").glob("experiment_state*"))
    assert kept.read_text() == '{"trials": [1]}'
