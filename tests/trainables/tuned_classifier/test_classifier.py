"""Trials of image classification that tune some of their hyperparameters while they train."""

import pytest
import torch
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import INFEASIBLE, UserError, keywords_of
from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.search_spaces.proxies import Limit
from automl_on_ray.trainables.hypergradients import TRANSFORMS, Log, Logit
from automl_on_ray.trainables.image_classifier import ImageClassifier, load_network
from automl_on_ray.trainables.multi_process import World
from automl_on_ray.trainables.tuned_classifier import HypergradientClassifier, transforms_of
from tests.trainables.classifying import ADAM, ADAMW, SGD, TIMINGS, finish, same, trial
from tests.trainables.tuned_classifier.tuning import BOTH, tuning

STEADY = {
    **SGD, "schedule": "constant", "augmentation": 0.0, "label_smoothing": 0.0, "dropout": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def slow_start():
    """A trial whose learning rate starts a hundred times too small, and its reports."""
    started = tuning({**STEADY, "learning_rate": 1e-4}, epochs=10, subset=1200)
    return started, finish(started)[0]


def test_it_learns_and_reports_what_the_plain_one_does_and_what_it_tuned(slow_start):
    classifier, reports = slow_start
    assert set(ImageClassifier.METRICS) - {*TIMINGS, "latency"} < set(reports[-1])
    assert [report["done"] for report in reports] == [False] * 9 + [True]
    assert reports[-1]["val_accuracy"] > 0.8
    for key in ("learning_rate", "weight_decay"):
        assert f"hyper_grad_norm/{key}" in reports[-1]
        assert reports[-1][f"hyper/{key}"] == pytest.approx(classifier._course.values[key].item())
    assert reports[-1]["restarts"] == 0


def test_a_learning_rate_that_is_far_too_small_grows_within_the_spaces_bounds(slow_start):
    rates = [report["hyper/learning_rate"] for report in slow_start[1]]
    assert rates[0] > 1e-4
    assert rates[-1] > 2e-3
    assert max(rates) <= SPACE.domains["learning_rate"].upper * (1 + 1e-6)


def test_the_config_says_where_values_start_and_stays_as_it_was(slow_start):
    classifier, _ = slow_start
    assert classifier.config["learning_rate"] == classifier.config_used["learning_rate"] == 1e-4


def test_a_tenth_of_the_training_images_is_held_out_for_hypergradients():
    tuned, plain = tuning(SGD), trial(SGD, subset=600)
    trained, outer = tuned._train.images, tuned._outer.images
    assert len(outer) == round(len(plain._train) / 10)
    assert len(trained) + len(outer) == len(plain._train)
    total = trained.long().sum() + outer.long().sum()
    assert total == plain._train.images.long().sum()
    assert torch.equal(tuned._held.images, plain._held.images)
    assert torch.equal(tuning({**SGD, "seed": 5})._outer.images, outer)
    assert not torch.equal(tuning(SGD, seed=2)._outer.images, outer)


def test_only_held_out_images_move_values_and_only_the_others_weights():
    """By what course and network are given: each image of an epoch is known by its pixels."""
    classifier = tuning(STEADY)
    train, outer = classifier._train.images, classifier._outer.images
    seen = {"train_loss": [], "val_loss": []}
    for name, kept in seen.items():
        function = getattr(classifier._problem, name)

        def noted(*given, function=function, kept=kept, **more):
            kept.append(given[-1].images)
            return function(*given, **more)

        setattr(classifier._problem, name, noted)
    classifier.step()
    scale = classifier.dataset.mean[0], classifier.dataset.std[0]
    for name, images in (("train_loss", train), ("val_loss", outer)):
        known = {one.numpy().tobytes() for one in images}
        pixels = torch.cat(seen[name]).mul(scale[1]).add(scale[0]).mul(255).round().byte()
        assert {one.numpy().tobytes() for one in pixels.contiguous()} <= known


def test_a_final_training_holds_out_of_train_and_validation_and_tests_once():
    final, plain = tuning(SGD, final=True), trial(SGD, final=True, subset=600)
    assert len(final._train) + len(final._outer) == len(plain._train)
    reports, _ = finish(final)
    assert ["test_accuracy" in report for report in reports] == [False, False, True]
    assert not any(key.startswith("val") for report in reports for key in report)


@pytest.mark.parametrize(
    "tuned",
    [
        "learning_rate:layer", "weight_decay:layer", "weight_decay:weight", "class_weights",
        "example_weights", "label_smoothing", "momentum",
        "learning_rate=online", "learning_rate=forward,label_smoothing",
    ],
)  # fmt: skip
def test_each_key_is_tuned_in_each_grain(tuned):
    classifier = tuning({**SGD, "learning_rate": 1e-3}, tuned)
    starts = classifier._course.values
    report = classifier.step()
    values = classifier._course.values
    for one in classifier.settings.tuned:
        names = [name for name in values if name.partition("/")[0] == one.key]
        assert any(not torch.equal(values[name], starts[name]) for name in names)
        many = sum(values[name].numel() for name in names) > 1
        assert (f"hyper/{one.key}" in report) == (not many)
        assert (f"hyper/{one.key}/mean" in report) == many


def test_vectors_keep_from_decaying_where_each_weight_has_a_decay_of_its_own():
    """The scale of a normalisation has none to be tuned, unless the config lets it decay."""
    names = tuning(SGD, "weight_decay:weight")._course.values
    weights = dict(tuning(SGD).network.named_parameters())
    assert {n.removeprefix("weight_decay/") for n in names} == {
        name for name, weight in weights.items() if weight.ndim > 1
    }


def test_weights_of_examples_and_classes_start_as_if_there_were_none():
    values = tuning(SGD, "example_weights,class_weights")._course.values
    for one in values.values():
        assert torch.allclose(one, torch.ones_like(one))
    assert len(values["class_weights"]) == 10


def test_a_key_that_does_not_apply_is_not_tuned():
    reports, _ = finish(tuning(ADAMW, "momentum,learning_rate", epochs=1))
    assert "hyper/momentum" not in reports[-1]
    assert reports[-1]["hyper/learning_rate"] != pytest.approx(ADAMW["learning_rate"])
    (alone,), _ = finish(tuning(ADAMW, "momentum", epochs=1))
    assert not any(name.startswith("hyper/") for name in alone)
    assert alone["val_accuracy"] > 0


def test_statistics_of_normalisation_are_those_of_the_trained_network():
    """Evaluation goes by them: with those that the network was made with it would be at chance."""
    classifier = tuning({**STEADY, "learning_rate": 5e-3}, subset=1200)
    reports, _ = finish(classifier)
    norms = [m for m in classifier.network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert all(norm.running_mean.abs().sum() > 0 for norm in norms)
    assert reports[-1]["val_accuracy"] > 0.6


def test_a_window_is_no_longer_than_an_epoch():
    report = tuning({**SGD, "batch_size": 256}, options={"unroll": 100}).step()
    assert report["hyper/learning_rate"] != pytest.approx(SGD["learning_rate"])


def test_the_first_implicit_hypergradient_comes_in_the_first_quarter_of_a_short_training():
    classifier = tuning(SGD, "label_smoothing", epochs=4, options={"warm_up": 1000, "unroll": 2})
    first, second = classifier.step(), classifier.step()
    assert classifier._course.settings.warm_up == len(classifier._sizes())
    assert first["hyper/label_smoothing"] != second["hyper/label_smoothing"]


def test_a_network_beyond_a_limit_is_not_trained():
    report = tuning(SGD, limits=[Limit("parameters", True, 10)]).step()
    assert INFEASIBLE in report
    assert "val_accuracy" not in report


def test_several_processes_are_refused():
    class Two(HypergradientClassifier):
        world = World(0, 2)

    with pytest.raises(UserError, match="one process, and this one has 2"):
        Two.setup(Two.__new__(Two), dict(SGD), hypergradients=None, space=SPACE, epochs=1)


def test_a_checkpoint_gives_the_network_back(tmp_path):
    classifier = tuning(SGD)
    classifier.step()
    classifier.save_checkpoint(str(tmp_path))
    network = load_network(tmp_path, SGD, space=SPACE, image_shape=(1, 8, 8), classes=10)
    own = list(classifier.network.state_dict().values())
    assert same(list(network.state_dict().values()), own)


def test_it_takes_the_keywords_of_the_plain_classifier():
    plain = keywords_of(ImageClassifier.setup)
    assert keywords_of(HypergradientClassifier.setup) == {*plain, "hypergradients"}


def test_bounds_are_the_spaces_where_it_has_any():
    space = SearchSpace(
        "bounded",
        training={
            "learning_rate": tune.loguniform(1e-3, 1e-2), "weight_decay": tune.uniform(0.0, 1e-3),
            "momentum": tune.uniform(0.2, 0.6), "label_smoothing": 0.1,
        },
    )  # fmt: skip
    found = transforms_of(space)
    assert found["learning_rate"] == Log(1e-3, 1e-2)
    assert (found["weight_decay"].low > 0, found["weight_decay"].high) == (True, 1e-3)
    assert found["momentum"] == Logit(0.2, 0.6)
    assert found["label_smoothing"] == TRANSFORMS["label_smoothing"]


@pytest.mark.parametrize("config", [SGD, ADAM], ids=["sgd", "adam"])
def test_two_trials_of_one_seed_are_one(config):
    assert same(finish(tuning(config, BOTH))[1], finish(tuning(config, BOTH))[1])
