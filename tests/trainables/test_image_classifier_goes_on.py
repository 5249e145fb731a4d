"""Trials of image classification that are restored, reused or cloned, and go on."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from automl_on_ray.trainables import read_state
from tests.trainables.classifying import ADAM, ADAMW, EPOCHS, SGD, finish, same, trial

FEW = 300  # images


def begun(config):
    return trial(config, subset=FEW)


@pytest.fixture(scope="module")
def unstopped():
    """What trials that are never stopped report and learn, by optimiser."""
    return {config["optimizer"]: finish(begun(config)) for config in (SGD, ADAM, ADAMW)}


@pytest.mark.parametrize("config", [SGD, ADAM, ADAMW], ids=["sgd", "adam", "adamw"])
@pytest.mark.parametrize("stopped_after", range(EPOCHS))
def test_a_trial_restored_at_any_epoch_ends_bit_equal_to_one_never_stopped(
    config, stopped_after, unstopped, tmp_path
):
    reports, expected = unstopped[config["optimizer"]]
    first = begun(config)
    for _ in range(stopped_after):
        first.step()
    first.save_checkpoint(str(tmp_path))
    torch.rand(7)  # another trial draws in the same process
    second = begun(config)
    second.step()
    second.load_checkpoint(str(tmp_path))
    resumed, weights = finish(second)
    assert same(weights, expected)
    assert resumed == reports[stopped_after:]


def test_a_trial_restored_by_a_reused_actor_ends_bit_equal(unstopped, tmp_path):
    first = begun(SGD)
    first.step()
    first.save_checkpoint(str(tmp_path))
    other = begun(ADAM)
    other.step()
    assert other.reset_config(dict(SGD))
    other.load_checkpoint(str(tmp_path))
    assert same(finish(other)[1], unstopped["sgd"][1])


def test_a_trial_restored_in_another_process_ends_bit_equal(unstopped, tmp_path):
    first = begun(SGD)
    first.step()
    first.save_checkpoint(str(tmp_path))
    program = (
        "import sys, torch\n"
        f"torch.set_num_threads({torch.get_num_threads()})\n"
        "from automl_on_ray.search_spaces.mnist_cnn import SPACE\n"
        "from automl_on_ray.trainables.image_classifier import ImageClassifier\n"
        "class Bound(ImageClassifier):\n"
        "    def setup(self, config):\n"
        "        super().setup(config, space=SPACE, dataset='digits', "
        f"epochs={EPOCHS}, seed=1, subset={FEW})\n"
        f"trial = Bound(config={SGD!r})\n"
        "trial.load_checkpoint(sys.argv[1])\n"
        "while not trial.step()['done']: pass\n"
        "trial.save_checkpoint(sys.argv[1])\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=120)
    ended = read_state(tmp_path)["network"].values()
    assert same(list(ended), unstopped["sgd"][1])


def test_an_actor_is_reused_for_another_config_as_if_it_were_new(unstopped):
    reused = begun(SGD)
    reused.step()
    data = reused.dataset
    assert reused.reset_config(dict(ADAM))
    assert reused.dataset is data
    assert same(finish(reused)[1], unstopped["adam"][1])


def test_two_trials_in_turn_in_one_process_do_not_disturb_each_other(unstopped):
    one, two = begun(SGD), begun(ADAM)
    for _ in range(EPOCHS):
        one.step()
        two.step()
    assert same(list(one.network.state_dict().values()), unstopped["sgd"][1])
    assert same(list(two.network.state_dict().values()), unstopped["adam"][1])


def test_a_trial_that_is_not_final_is_the_same_whatever_the_test_set_is(unstopped):
    blind = begun(SGD)
    blind.dataset = replace(blind.dataset, test=None)
    assert blind.reset_config(dict(SGD))
    reports, weights = finish(blind)
    assert (reports, same(weights, unstopped["sgd"][1])) == (unstopped["sgd"][0], True)


def test_a_clone_takes_the_donors_weights_but_its_own_hyperparameters(tmp_path):
    donor = begun(SGD)
    donor.step()
    donor.save_checkpoint(str(tmp_path))
    clone = begun({**SGD, "momentum": 0.5, "nesterov": False, "learning_rate": 1e-4})
    clone.load_checkpoint(str(tmp_path))
    group = clone.optimizer.param_groups[0]
    assert (group["momentum"], group["nesterov"], clone.epoch) == (0.5, False, 1)
    weights = [list(t.network.state_dict().values()) for t in (clone, donor)]
    assert same(*weights)
    moments = [t.optimizer.state_dict()["state"][0]["momentum_buffer"] for t in (clone, donor)]
    assert torch.equal(*moments)
    clone.step()
    assert group["lr"] <= 1e-4


def test_a_clone_with_another_optimiser_starts_its_moments_anew(tmp_path):
    donor = trial(SGD)
    donor.step()
    donor.save_checkpoint(str(tmp_path))
    changed = {k: v for k, v in SGD.items() if k not in ("momentum", "nesterov")}
    clone = trial({**changed, "optimizer": "adam", "beta1": 0.9, "beta2": 0.99})
    clone.load_checkpoint(str(tmp_path))
    assert clone.optimizer.state_dict()["state"] == {}
    assert clone.step()["train_loss"] < 2.5
