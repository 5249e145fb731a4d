"""Trials of image classification, on scikit-learn's digits."""

import itertools

import pytest
import torch

from search_spaces._errors import UserError
from search_spaces._space import SearchSpace
from search_spaces.mnist_cnn import SPACE
from trainables.image_classifier import ImageClassifier, load_network

EPOCHS = 3
SGD = {
    "depth": 2, "width": 8, "kernel_size": 3, "activation": "relu", "normalisation": "batch",
    "dropout": 0.3, "learning_rate": 3e-3, "weight_decay": 1e-3, "batch_size": 64,
    "optimizer": "sgd", "momentum": 0.9, "nesterov": True, "schedule": "one_cycle",
    "label_smoothing": 0.1, "augmentation": 0.7,
}  # fmt: skip
ADAM = {k: v for k, v in SGD.items() if k not in ("momentum", "nesterov")} | {
    "optimizer": "adam", "beta1": 0.9, "beta2": 0.99, "schedule": "cosine",
    "normalisation": "group", "activation": "gelu",
}  # fmt: skip
ADAMW = {**ADAM, "optimizer": "adamw", "schedule": "constant", "normalisation": "none"}


def trial(config, **keywords):
    settings = {"space": SPACE, "dataset": "digits", "epochs": EPOCHS, "seed": 1, **keywords}

    class Bound(ImageClassifier):  # as tune.with_parameters binds keywords
        def setup(self, config):
            super().setup(config, **settings)

    return Bound(config=dict(config))


def finish(classifier):
    results = [classifier.step() for _ in range(classifier.epochs - classifier.epoch)]
    return results, [p.detach().clone() for p in classifier.network.state_dict().values()]


@pytest.mark.parametrize("config", [SGD, ADAM, ADAMW], ids=["sgd", "adam", "adamw"])
@pytest.mark.parametrize("stopped_after", range(EPOCHS))
def test_a_trial_restored_at_any_epoch_ends_bit_equal_to_one_never_stopped(
    config, stopped_after, tmp_path
):
    whole, expected = finish(trial(config))
    first = trial(config)
    for _ in range(stopped_after):
        first.step()
    first.save_checkpoint(str(tmp_path))
    torch.manual_seed(99)
    second = trial(config, seed=1)
    torch.rand(7)  # another trial's draws in the same process
    second.load_checkpoint(str(tmp_path))
    results, weights = finish(second)
    assert all(map(torch.equal, weights, expected))
    timings = ("epoch_seconds", "images_per_second")
    for mine, theirs in zip(results, whole[stopped_after:], strict=True):
        assert {k: v for k, v in mine.items() if k not in timings} == {
            k: v for k, v in theirs.items() if k not in timings
        }


def test_an_actor_is_reused_for_another_config_as_if_it_were_new():
    _, expected = finish(trial(ADAM))
    reused = trial(SGD)
    reused.step()
    assert reused.reset_config(dict(ADAM))
    _, weights = finish(reused)
    assert all(map(torch.equal, weights, expected))


def test_a_clone_takes_the_donors_weights_but_its_own_hyperparameters(tmp_path):
    donor = trial(SGD)
    donor.step()
    donor.save_checkpoint(str(tmp_path))
    clone = trial({**SGD, "momentum": 0.5, "weight_decay": 1e-5, "learning_rate": 1e-4})
    clone.load_checkpoint(str(tmp_path))
    group = clone.optimizer.param_groups[0]
    assert (group["momentum"], group["weight_decay"]) == (0.5, 1e-5)
    assert clone.epoch == 1
    assert torch.equal(next(clone.network.parameters()), next(donor.network.parameters()))
    clone.step()
    assert group["lr"] <= 1e-4


def test_it_learns_and_reports_what_it_declares():
    results, _ = finish(trial(ADAMW, epochs=6))
    assert set(ImageClassifier.METRICS) < set(results[-1])
    assert results[-1]["val_accuracy"] > 0.8
    assert [r["done"] for r in results] == [False] * 5 + [True]


def test_counts_are_the_networks(tmp_path):
    classifier = trial(SGD)
    # 3x3x1x8 + batch norm 2x8, 3x3x8x16 + 2x16, and the head 16x10 + 10
    assert classifier.counts["parameters"] == 72 + 16 + 1152 + 32 + 170
    # an 8x8 image: the first convolution at 8x8, the second at 4x4; two FLOPs a multiplication
    assert classifier.counts["flops"] == 2 * (64 * 72 + 16 * 1152 + 160)


def test_only_the_last_epoch_of_a_final_training_sees_the_test_set():
    results, _ = finish(trial(SGD, final=True))
    assert [("test_accuracy" in r) for r in results] == [False, False, True]
    assert not any("val_accuracy" in r for r in results)
    ordinary, _ = finish(trial(SGD))
    assert not any("test_accuracy" in r for r in ordinary)


def test_a_final_training_learns_from_train_and_validation():
    ordinary, final = trial(SGD), trial(SGD, final=True)
    held = len(ordinary.data.validation)
    assert len(final.train_split) == len(ordinary.train_split) + held


def test_the_repeats_of_a_final_training_differ_by_their_seed():
    one, two = (trial({**SGD, "seed": seed}, final=True) for seed in (1, 2))
    first = next(iter(one.network.parameters()))
    assert not torch.equal(first, next(iter(two.network.parameters())))


def test_a_loss_that_is_not_finite_fails_the_trial():
    with pytest.raises(FloatingPointError, match="loss is"):
        finish(trial({**SGD, "learning_rate": 1e30, "normalisation": "none"}))


def test_a_checkpoint_gives_the_network_back(tmp_path):
    classifier = trial(SGD)
    classifier.step()
    classifier.save_checkpoint(str(tmp_path))
    network = load_network(tmp_path, SGD, SPACE, (1, 8, 8), 10)
    saved = classifier.network.state_dict()
    assert all(torch.equal(value, saved[key]) for key, value in network.state_dict().items())


def test_a_space_without_networks_is_refused():
    with pytest.raises(UserError, match="builds no network"):
        trial({}, space=SearchSpace("bare"))


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 48)])
def test_every_corner_of_the_space_builds_for_every_image_shape(shape):
    domains = SPACE.architecture
    corners = itertools.product(
        (2, 4),
        (8, 16),
        (3, 5),
        domains["activation"].categories,
        domains["normalisation"].categories,
    )
    keys = ("depth", "width", "kernel_size", "activation", "normalisation")
    for corner in corners:
        network = SPACE.build(dict(zip(keys, corner, strict=True)), shape, 10)
        assert network(torch.zeros(2, *shape)).shape == (2, 10)
