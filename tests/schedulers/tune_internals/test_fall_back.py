"""Which checkpoint a trial goes on from when its study does, without Ray: folders and lists."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pyarrow.fs
import pytest
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler

from automl_on_ray.schedulers.tune_internals import (
    ResumableScheduler,
    kept_checkpoints,
    register_checkpoint,
)
from automl_on_ray.schedulers.tune_internals.checkpoint_fallback import fall_back
from automl_on_ray.simulation.simulated_checkpoints import Held, SimulatedStorage

HERE = pyarrow.fs.LocalFileSystem()


def made(experiment, *numbers, to_keep=3):
    """A trial that has saved checkpoints of these numbers, each an epoch later than its number."""
    trial = Trial(
        "stub", stub=True, trial_id="own",
        checkpoint_config=tune.CheckpointConfig(num_to_keep=to_keep),
    )  # fmt: skip
    trial.storage = SimpleNamespace(
        experiment_fs_path=str(experiment), trial_fs_path=str(experiment / "own"),
        storage_filesystem=HERE, current_checkpoint_index=-1,
    )  # fmt: skip
    for number in numbers:
        checkpoint = saved(experiment / "own", number)
        register_checkpoint(trial, checkpoint, {"training_iteration": number + 1, "score": 0.5})
    return trial


def saved(folder, number, text="{}"):
    place = folder / f"checkpoint_{number:06d}"
    place.mkdir(parents=True)
    (place / "state.json").write_text(text)
    return tune.Checkpoint(str(place), filesystem=HERE)


def names(trial):
    """Of what it would go on from, and of all that Ray knows of."""
    latest = trial.latest_checkpoint_result
    known = [result.checkpoint.path[-1] for result in kept_checkpoints(trial)]
    return latest and latest.checkpoint.path[-1], "".join(known)


def tear(trial, number):
    (Path(trial.storage.trial_fs_path) / f"checkpoint_{number:06d}" / "state.json").write_text("")


def test_torn_checkpoints_are_put_aside_until_one_is_whole(tmp_path, capsys):
    trial = made(tmp_path, 0, 1, 2)
    fall_back(trial)
    assert names(trial) == ("2", "012")
    assert capsys.readouterr().err == ""
    tear(trial, 2)
    tear(trial, 1)
    fall_back(trial)
    assert names(trial) == ("0", "0")
    assert capsys.readouterr().err.count("cannot be read") == 2
    assert trial.storage.current_checkpoint_index == -1
    tear(trial, 0)
    fall_back(trial)
    assert names(trial) == (None, "")


def test_checkpoints_that_are_gone_are_forgotten(tmp_path):
    trial = made(tmp_path, 0, 1, 2)
    shutil.rmtree(tmp_path / "own" / "checkpoint_000000")
    fall_back(trial)
    assert names(trial) == ("2", "12")


def later(experiment, **more):
    """A trial of an old state: what it knows of is gone, and others are there."""
    trial = made(experiment, 3, **more)
    shutil.rmtree(experiment / "own" / "checkpoint_000003")
    saved(experiment / "own", 2)
    for number in (5, 7, 6):
        saved(experiment / "own", number, text="" if number == 6 else "{}")
    (experiment / "own" / "other_000009").mkdir()
    return trial


def test_a_restored_trial_goes_on_from_what_it_saved_after_the_state(tmp_path):
    trial = later(tmp_path)
    fall_back(trial, restored=True)
    assert names(trial) == ("7", "57")
    metrics = [result.metrics for result in kept_checkpoints(trial)]
    assert metrics == [{"training_iteration": epoch, "score": 0.5} for epoch in (6, 8)]
    assert trial.storage.current_checkpoint_index == 7


@pytest.mark.parametrize(("restored", "to_keep"), [(False, 3), (True, None)])
def test_else_it_begins_anew(tmp_path, restored, to_keep):
    """As one does that others have lent to, or that does not save each of its epochs."""
    trial = later(tmp_path, to_keep=to_keep)
    fall_back(trial, restored=restored)
    assert names(trial) == (None, "")


class Lending(FIFOScheduler):
    """Its trials go on from one another's checkpoints."""

    def will_be_saved(self):
        """Nothing is deleted here."""

    def was_saved(self):
        """Nothing is deleted here."""


@pytest.mark.parametrize(
    ("kind", "restored", "newest"),
    [(FIFOScheduler, True, "7"), (FIFOScheduler, False, None), (Lending, True, None)],
)
def test_a_study_that_goes_on_has_trials_go_forward_unless_they_lend(
    tmp_path, kind, restored, newest
):
    scheduler, trial = ResumableScheduler(kind()), later(tmp_path)
    if restored:
        scheduler.set_state(scheduler.get_state())
    scheduler.on_trial_add(None, trial)
    assert names(trial)[0] == newest


def test_where_nothing_came_later_a_restored_trial_begins_anew(tmp_path):
    trial = made(tmp_path, 3)
    shutil.rmtree(tmp_path / "own")
    fall_back(trial, restored=True)
    assert names(trial) == (None, "")
    assert trial.storage.current_checkpoint_index == -1
    fresh = made(tmp_path / "fresh")
    fall_back(fresh, restored=True)
    assert names(fresh) == (None, "")


def test_what_another_trial_has_lent_is_found_where_the_study_was_moved_to(tmp_path):
    before, now = tmp_path / "before", tmp_path / "now"
    trial = made(before)
    register_checkpoint(trial, saved(before / "another", 4), {"training_iteration": 5})
    before.rename(now)
    trial.storage.experiment_fs_path = str(now)
    trial.storage.trial_fs_path = str(now / "own")
    fall_back(trial)
    latest = trial.latest_checkpoint_result
    assert latest.checkpoint.path == str(now / "another" / "checkpoint_000004")
    assert latest.metrics == {"training_iteration": 5}


def test_in_another_file_system_what_came_later_is_found_there(tmp_path):
    trial, files = later(tmp_path / "study"), pyarrow.fs.SubTreeFileSystem(str(tmp_path), HERE)
    trial.storage.experiment_fs_path, trial.storage.trial_fs_path = "study", "study/own"
    trial.storage.storage_filesystem = files
    fall_back(trial, restored=True)
    assert names(trial) == ("7", "57")
    assert [one.checkpoint.filesystem for one in kept_checkpoints(trial)] == [files] * 2


def test_a_simulations_checkpoints_are_there_and_whole(tmp_path):
    trial = made(tmp_path)
    held = Held("own/0000003", SimulatedStorage("whole"))
    register_checkpoint(trial, held, {"training_iteration": 1})
    fall_back(trial, restored=True)
    assert [one.checkpoint for one in kept_checkpoints(trial)] == [held]
    assert trial.latest_checkpoint_result.checkpoint is held
