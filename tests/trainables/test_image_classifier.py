"""Trials of image classification, on scikit-learn's digits."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import INFEASIBLE, UserError
from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.search_spaces.mnist_cnn_classic import SPACE as CLASSIC
from automl_on_ray.search_spaces.proxies import Limit
from automl_on_ray.trainables.image_classifier import DivergedError, ImageClassifier, load_network
from tests.trainables.classifying import ADAMW, SGD, TIMINGS, finish, same, trial


def test_it_learns_and_reports_what_it_declares():
    reports, _ = finish(trial(ADAMW, epochs=6))
    assert set(ImageClassifier.METRICS) - {*TIMINGS, "latency"} < set(reports[-1])
    assert reports[-1]["val_accuracy"] > 0.8
    assert [report["done"] for report in reports] == [False] * 5 + [True]


def test_the_classic_space_trains_with_defaults_for_the_rest():
    config = {"learning_rate": 3e-3, "weight_decay": 1e-4, "batch_size": 32}
    reports, _ = finish(trial(config, space=CLASSIC, epochs=3, subset=900))
    assert reports[-1]["val_accuracy"] > 0.6


def test_validation_figures_are_those_of_the_network_on_the_validation_images():
    classifier = trial(SGD)
    result = classifier.step()
    held, data = classifier.dataset.validation, classifier.dataset
    pixels = (held.images.double() / 255 - data.mean[0]) / data.std[0]
    with torch.no_grad():
        logits = classifier.network.double().eval()(pixels)
    right = (logits.argmax(1) == held.labels).double().mean()
    loss = torch.nn.functional.cross_entropy(logits, held.labels)
    assert result["val_accuracy"] == pytest.approx(right.item())
    assert result["val_loss"] == pytest.approx(loss.item(), rel=1e-4)


def test_counts_are_the_networks():
    # 3x3x1x8 + batch norm 2x8, 3x3x8x16 + 2x16, and the head 16x10 + 10
    costs = trial(SGD).costs
    assert costs["parameters"] == 72 + 16 + 1152 + 32 + 170
    # an 8x8 image: the first convolution at 8x8, the second at 4x4; two FLOPs a multiplication
    assert costs["flops"] == 2 * (64 * 72 + 16 * 1152 + 160)


@pytest.mark.parametrize(
    ("limit", "trained"),
    [
        (Limit("parameters", True, 1442), True),
        (Limit("parameters", True, 1441), False),
        (Limit("flops", False, 1e9), False),
        (Limit("latency", True, 1e6), True),
        (Limit("latency", True, 0.0), False),
    ],
)
def test_a_network_beyond_a_limit_is_not_trained(limit, trained):
    classifier = trial(SGD, limits=[limit], latency=limit.metric == "latency")
    before = [value.clone() for value in classifier.network.state_dict().values()]
    report = classifier.step()
    assert (INFEASIBLE in report) == report["done"] == (not trained)
    assert ("val_accuracy" in report) == trained
    assert report["parameters"] == 1442
    assert same(before, classifier.network.state_dict().values()) != trained


def test_a_final_training_has_no_limits():
    reports, _ = finish(trial(SGD, final=True, limits=[Limit("parameters", True, 1)]))
    assert "test_accuracy" in reports[-1]


def test_latency_is_measured_only_if_it_is_asked_for():
    assert "latency" not in trial(SGD).costs
    classifier = trial(SGD, latency=True)
    # Milliseconds: no CPU does two convolutions in a microsecond, and none takes ten seconds.
    assert 1e-3 < classifier.step()["latency"] < 1e4
    classifier.reset_config({**SGD, "width": 16})
    assert classifier.costs["latency"] > 0


def test_only_the_last_epoch_of_a_final_training_sees_the_test_set():
    reports, _ = finish(trial(SGD, final=True))
    assert [("test_accuracy" in r, "test_loss" in r) for r in reports] == [
        (False, False),
        (False, False),
        (True, True),
    ]
    assert not any(key.startswith("val") for report in reports for key in report)


def test_a_final_training_learns_from_train_and_validation_of_which_each_image_is_one():
    ordinary, final = trial(SGD), trial(SGD, final=True)
    parts = [ordinary.dataset.train.images, ordinary.dataset.validation.images]
    trained_on = final._train.images
    assert len(trained_on) == sum(map(len, parts))
    assert trained_on.long().sum() == sum(part.long().sum() for part in parts)


def test_the_repeats_of_a_final_training_differ_by_the_seed_in_their_config():
    one, two, again = (trial({**SGD, "seed": seed}, final=True) for seed in (1, 2, 1))
    first, second, third = (next(t.network.parameters()) for t in (one, two, again))
    assert torch.equal(first, third)
    assert not torch.equal(first, second)
    assert one.dataset is two.dataset


def test_a_subset_is_smaller_and_smaller_than_a_batch_it_still_trains():
    classifier = trial({**SGD, "batch_size": 256}, subset=60)
    assert len(classifier.dataset.train) == 50
    assert np.isfinite(classifier.step()["train_loss"])


def test_a_loss_that_is_not_finite_fails_the_trial_with_the_reason():
    classifier = trial({**SGD, "normalisation": "none"})
    with torch.no_grad():
        next(classifier.network.parameters()).fill_(float("nan"))
    with pytest.raises(DivergedError, match=r"epoch 1: the loss is nan.*optimizer=sgd"):
        classifier.step()


def test_a_checkpoint_gives_the_network_back(tmp_path):
    classifier = trial(SGD)
    classifier.step()
    classifier.save_checkpoint(str(tmp_path))
    network = load_network(tmp_path, SGD, space=SPACE, image_shape=(1, 8, 8), classes=10)
    values = list(network.state_dict().values())
    assert same(values, list(classifier.network.state_dict().values()))


def test_numbers_of_numpy_are_trained_with_and_kept_out_of_checkpoints(tmp_path):
    rates = np.logspace(-3, -2, 3)
    space = replace(
        CLASSIC,
        architecture={"width": tune.choice(list(np.array([8, 12])))},
        training={"learning_rate": tune.choice(list(rates))},
    )
    told = {"width": 8, "learning_rate": float(rates[0])}
    for config in (told, space.as_declared(told)):
        classifier = trial(config, space=space)
        classifier.step()
        classifier.save_checkpoint(str(tmp_path))
        load_network(tmp_path, told, space=space, image_shape=(1, 8, 8), classes=10)
        trial(config, space=space).load_checkpoint(str(tmp_path))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({**SGD, "learning_rate": 5.0}, "learning_rate=5.0, outside"),
        ({**SGD, "wheels": 4}, "'wheels', which space 'mnist-cnn' does not know"),
        ({key: value for key, value in SGD.items() if key != "width"}, "lacks 'width'"),
    ],
    ids=["out of range", "foreign key", "missing key"],
)
def test_a_config_that_is_no_member_is_refused(config, message):
    with pytest.raises(UserError, match=message):
        trial(config)


def test_parameters_that_do_not_apply_may_be_none():
    used = trial({**SGD, "beta1": None, "beta2": None}).config_used
    assert used["beta1"] is not None


def test_a_space_without_networks_is_refused():
    with pytest.raises(UserError, match="has no build function"):
        trial({}, space=SearchSpace("bare"))


def test_data_that_have_changed_since_the_study_began_are_refused():
    digest = trial(SGD).dataset.digest
    trial(SGD, digest=digest)
    with pytest.raises(UserError, match="are not those that the study began with"):
        trial(SGD, digest=digest[::-1])


def test_images_too_small_are_refused(tmp_path):
    images = np.zeros((60, 2, 2), np.uint8)
    np.savez(tmp_path / "tiny.npz", images=images, labels=np.arange(60) % 3)
    with pytest.raises(UserError, match="Images of 2 x 2 are too small"):
        trial(SGD, dataset=str(tmp_path / "tiny.npz"))
