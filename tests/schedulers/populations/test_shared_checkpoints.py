"""How long a checkpoint is kept that one trial has lent to another."""

import pyarrow.fs
import pytest
from ray import tune
from ray.tune.experiment import Trial

from automl_on_ray.schedulers.populations.shared_checkpoints import SharedCheckpoints
from automl_on_ray.schedulers.tune_internals import kept_checkpoints, register_checkpoint

HERE = pyarrow.fs.LocalFileSystem()


@pytest.fixture
def study(tmp_path):
    return Study(tmp_path)


class Study:
    """Two trials, `owner` and `taker`, with checkpoints in a folder each."""

    def __init__(self, folder):
        self.folder, self.shared = folder, SharedCheckpoints("epoch")
        self.trials = {
            name: Trial(
                "stub", stub=True, trial_id=name,
                checkpoint_config=tune.CheckpointConfig(num_to_keep=3),
            )
            for name in ("owner", "taker")
        }  # fmt: skip

    def save(self, name, *epochs):
        for epoch in epochs:
            place = self.folder / name / f"checkpoint_{epoch:06d}"
            place.mkdir(parents=True)
            (place / "state").write_text(str(epoch))
            checkpoint = tune.Checkpoint(str(place), filesystem=HERE)
            result = register_checkpoint(self.trials[name], checkpoint, {"epoch": epoch})
            assert result is kept_checkpoints(self.trials[name])[-1]

    def left(self):
        found = self.folder.glob("*/checkpoint_*")
        return sorted(f"{path.parent.name} {int(path.name[-6:])}" for path in found)

    def lend(self):
        latest = self.shared.latest(self.trials["owner"])
        self.shared.share(self.trials["owner"], self.trials["taker"], *latest)


def test_the_newest_checkpoint_is_told_with_its_time(study):
    assert study.shared.latest(study.trials["owner"]) is None
    study.save("owner", 1, 2)
    result, time = study.shared.latest(study.trials["owner"])
    assert (time, result.metrics) == (2, {"epoch": 2})


def test_who_takes_a_checkpoint_starts_from_it_and_its_own_are_gone(study):
    study.save("owner", 1, 2)
    study.save("taker", 1)
    study.lend()
    assert study.left() == ["owner 1", "owner 2"]
    assert study.shared.latest(study.trials["taker"])[1] == 2


def test_what_was_lent_stays_until_both_have_three_newer_ones(study):
    study.save("owner", 1, 2)
    study.lend()
    for epoch in (3, 4, 5):
        study.save("owner", epoch)
        study.shared.release_old(study.trials["owner"])
    study.save("taker", 3, 4)
    study.shared.release_old(study.trials["taker"])
    assert "owner 2" in study.left()
    study.save("taker", 5)
    study.shared.release_old(study.trials["taker"])
    assert study.left() == [f"{name} {epoch}" for name in ("owner", "taker") for epoch in (3, 4, 5)]


def test_a_trial_that_has_ended_needs_nothing_unless_it_is_its_newest(study):
    study.save("owner", 1, 2)
    study.lend()
    study.save("owner", 3)
    study.shared.release(study.trials["owner"])
    study.shared.release(study.trials["taker"])  # it would start from there
    assert "owner 2" in study.left()
    study.save("taker", 3)
    study.shared.release(study.trials["taker"])
    assert study.left() == ["owner 1", "owner 3", "taker 3"]


def test_what_a_saved_state_may_need_stays_until_the_next_but_one(study):
    study.shared.will_be_saved()
    study.save("owner", 1)
    study.save("taker", 1)
    study.lend()
    study.shared.was_saved()
    assert study.left() == ["owner 1", "taker 1"]
    study.shared.was_saved()
    assert study.left() == ["owner 1"]


def test_what_was_lent_before_a_stop_is_given_up_after_it(study):
    study.save("owner", 1)
    study.lend()
    state = dict(study.shared.__dict__)
    del state["_used"]  # as former versions have saved it
    again = SharedCheckpoints.__new__(SharedCheckpoints)
    again.__setstate__(state)
    study.save("owner", 2)
    study.save("taker", 2)
    for trial in study.trials.values():
        again.release(trial)
    assert study.left() == ["owner 2", "taker 2"]
    assert again._by_path == {}


def test_who_takes_another_gives_up_the_one_before(study):
    study.save("owner", 1)
    study.lend()
    study.save("owner", 2)
    study.shared.release(study.trials["owner"])
    assert study.left() == ["owner 1", "owner 2"]
    study.lend()
    assert study.left() == ["owner 2"]


def test_one_of_the_same_time_is_no_newer_one(study):
    study.save("owner", 2)
    study.lend()
    study.save("owner", 3)
    study.shared.release(study.trials["owner"])
    study.save("taker", 2, 3, 4)
    study.shared.release_old(study.trials["taker"])
    assert "owner 2" in study.left()


def test_a_checkpoint_that_tells_no_time_is_of_the_beginning(study):
    study.save("owner", 1)
    study.shared.latest(study.trials["owner"])[0].metrics.clear()
    assert study.shared.latest(study.trials["owner"])[1] == 0
