"""What every PyTorch trial does alike: streams, threads, checkpoints."""

import pickle
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings, strategies as st
from ray import cloudpickle, tune

from automl_on_ray.trainables._torch_trainable import STATE_FILE, TorchTrainable, read_state


class Dice(TorchTrainable):
    """Throws from both of its streams."""

    def setup(self, config):
        self.prepare(config.get("seed", 0))

    def step(self):
        with self.randomness():
            one = torch.rand(()).item()
        two = torch.rand((), generator=self.generator).item()
        return {"one": one, "two": two, "threads": torch.get_num_threads(), "done": True}

    def throws(self, count):
        return [(r["one"], r["two"]) for r in (self.step() for _ in range(count))]


class Evil:
    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return open, (self.place, "w")


def test_a_pickle_that_lies_in_a_checkpoint_is_not_read(tmp_path):
    """Tune reads one wherever it finds it."""
    checkpoint = tmp_path / "checkpoint"
    saved = Dice(config={"seed": 1}).save(str(checkpoint))
    Dice(config={}).restore(str(checkpoint))
    (checkpoint / "_dict_checkpoint.pkl").write_bytes(pickle.dumps(Evil(tmp_path / "ran")))
    for one in (saved, saved.checkpoint, str(checkpoint)):
        with pytest.raises(ValueError, match="it is not read"):
            Dice(config={}).restore(one)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(TypeError):  # as Tune does by itself: so the test can fail
        tune.Trainable.restore(Dice(config={}), str(checkpoint))
    assert (tmp_path / "ran").exists()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), before=st.integers(0, 5), foreign=st.integers(0, 5))
def test_restored_streams_go_on_where_they_were_whatever_else_was_drawn(
    tmp_path_factory, seed, before, foreign
):
    folder = str(tmp_path_factory.mktemp("checkpoint"))
    expected = Dice(config={"seed": seed}).throws(before + 3)
    dice = Dice(config={"seed": seed})
    dice.throws(before)
    dice.save_checkpoint(folder)
    torch.rand(foreign)
    restored = Dice(config={"seed": seed + 1})
    restored.load_checkpoint(folder)
    assert restored.throws(3) == expected[before:]


def test_a_trial_neither_reads_nor_moves_the_random_numbers_of_its_process():
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    first = Dice(config={}).throws(2)
    assert torch.equal(torch.rand(4), expected)
    assert Dice(config={}).throws(2) == first


def test_streams_of_another_seed_differ():
    assert Dice(config={"seed": 1}).throws(1) != Dice(config={"seed": 2}).throws(1)


class Unsavable(Dice):
    def state(self):
        return {"function": lambda: None}


def test_a_checkpoint_that_cannot_be_written_leaves_the_former_one_whole(tmp_path):
    Dice(config={}).save_checkpoint(str(tmp_path))
    before = Path(tmp_path, STATE_FILE).read_bytes()
    with pytest.raises((pickle.PicklingError, AttributeError)):
        Unsavable(config={}).save_checkpoint(str(tmp_path))
    assert Path(tmp_path, STATE_FILE).read_bytes() == before


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_a_checkpoint_that_holds_code_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"streams": Bomb()}, tmp_path / STATE_FILE)
    with pytest.raises(pickle.UnpicklingError):
        read_state(tmp_path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(("cpus", "threads"), [(1, 1), (2, 2), (0.5, 1)])
def test_a_trial_has_a_thread_for_each_of_its_cpus(monkeypatch, cpus, threads):
    monkeypatch.setattr(
        Dice, "trial_resources", tune.PlacementGroupFactory([{"CPU": cpus}]), raising=True
    )
    before = torch.get_num_threads()
    try:
        assert Dice(config={}).step()["threads"] == threads
    finally:
        torch.set_num_threads(before)


@pytest.mark.whole
def test_on_ray_a_trial_has_as_many_threads_as_ray_gave_it_cpus(ray_cluster, tmp_path):
    """Of each number of CPUs, quickly: the test before."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test
    results = tune.Tuner(
        tune.with_resources(Dice, {"cpu": 2}),
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
    ).fit()
    assert [result.metrics["threads"] for result in results] == [2]
