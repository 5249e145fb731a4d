"""Trials that tune by gradients and are restored, reused or cloned, and go on."""

import pytest
import torch

from tests.trainables.classifying import ADAM, ADAMW, EPOCHS, SGD, TIMINGS, finish, same
from tests.trainables.tuned_classifier.tuning import BOTH, tuning

KINDS = {
    "sgd": (SGD, BOTH, {}),
    "adam": (ADAM, "learning_rate:layer,label_smoothing", {"outer_optimizer": "sgd"}),
    "adamw": (ADAMW, "learning_rate=forward,weight_decay:weight", {}),
    "online": (SGD, "learning_rate=online,example_weights", {}),
    "lbfgs": (SGD, "learning_rate,weight_decay=reverse", {"outer_optimizer": "lbfgs"}),
}


def begun(kind, **changed):
    config, tuned, options = KINDS[kind]
    return tuning({**config, **changed}, tuned, options=options, subset=300)


@pytest.fixture(scope="module")
def unstopped(tmp_path_factory):
    """What trials that are never stopped report and learn, and checkpoints by epoch, by kind."""

    def trained(kind):
        one, folders, reports = begun(kind), [], []
        for _ in range(EPOCHS):
            folders.append(tmp_path_factory.mktemp(kind))
            one.save_checkpoint(str(folders[-1]))
            reports.append({k: v for k, v in one.step().items() if k not in TIMINGS})
        return reports, finish(one)[1], folders

    return {kind: trained(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stopped_after", range(EPOCHS))
def test_a_trial_restored_at_any_epoch_ends_bit_equal_to_one_never_stopped(
    kind, stopped_after, unstopped
):
    reports, expected, folders = unstopped[kind]
    torch.rand(7)  # another trial draws in the same process
    second = begun(kind)
    second.step()
    second.load_checkpoint(str(folders[stopped_after]))
    resumed, weights = finish(second)
    assert same(weights, expected)
    assert resumed == reports[stopped_after:]


def test_an_actor_is_reused_for_another_config_as_if_it_were_new(unstopped):
    reused = begun("sgd", learning_rate=1e-3, batch_size=32)
    reused.step()
    outer = reused._outer
    assert reused.reset_config(dict(SGD))
    assert reused._outer is outer
    assert same(finish(reused)[1], unstopped["sgd"][1])


def test_two_trials_in_turn_in_one_process_do_not_disturb_each_other(unstopped):
    one, two = begun("sgd"), begun("adamw")
    for _ in range(EPOCHS):
        one.step()
        two.step()
    assert same(list(one.network.state_dict().values()), unstopped["sgd"][1])
    assert same(list(two.network.state_dict().values()), unstopped["adamw"][1])


def test_a_clone_goes_on_from_what_its_donor_tuned_moved_as_its_own_start_was(tmp_path):
    """Population-based training gives it the donor's checkpoint and a start of its own."""
    donor = begun("sgd", learning_rate=1e-3)
    donor.step()
    donor.save_checkpoint(str(tmp_path))
    clone = begun("sgd", learning_rate=1.2e-3)
    clone.load_checkpoint(str(tmp_path))
    values, found = clone._course.values, donor._course.values
    assert values["learning_rate"].item() == pytest.approx(1.2 * found["learning_rate"].item())
    assert torch.equal(values["weight_decay"], found["weight_decay"])
    states = [list(t.network.state_dict().values()) for t in (clone, donor)]
    assert same(*states)
    momenta = [t._course.optimizer_state["momentum/0.weight"] for t in (clone, donor)]
    assert torch.equal(*momenta)
    assert clone.epoch == 1
    assert clone.step()["hyper/learning_rate"] > values["learning_rate"].item() / 4


@pytest.mark.parametrize("estimator", ["reverse", "forward"])
def test_a_clone_with_another_optimiser_starts_its_moments_anew(estimator, tmp_path):
    donor = tuning(SGD, f"learning_rate={estimator}")
    donor.step()
    donor.save_checkpoint(str(tmp_path))
    clone_config = {**ADAM, "normalisation": "batch", "activation": "relu"}
    clone = tuning(clone_config, f"learning_rate={estimator}", epochs=2)
    clone.load_checkpoint(str(tmp_path))
    assert clone._course.optimizer_state["steps"] == 0
    report = clone.step()
    assert report["val_loss"] < 2.5
    assert report["hyper/learning_rate"] != pytest.approx(donor._course.values["learning_rate"])


def test_a_clone_with_larger_batches_goes_on(tmp_path):
    donor = begun("sgd")
    donor.step()
    donor.save_checkpoint(str(tmp_path))
    clone = begun("sgd", batch_size=256)
    clone.load_checkpoint(str(tmp_path))
    assert clone.step()["train_loss"] < 3
