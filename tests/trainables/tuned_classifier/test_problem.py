"""The training of an image classifier as pure functions, against the plain classifier's."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.trainables._optimisation import set_learning_rate
from automl_on_ray.trainables.hypergradients import implicit, leaves, training_step
from automl_on_ray.trainables.hypergradients.by_example import by_example
from automl_on_ray.trainables.hypergradients.solvers import Identity
from automl_on_ray.trainables.image_classifier import DEFAULTS, build_network
from automl_on_ray.trainables.tuned_classifier import (
    Batch,
    Classification,
    WeighedClassification,
    find_statistics,
)
from tests.trainables.classifying import ADAM, ADAMW, SGD

SMOOTH = {"activation": "gelu", "dropout": 0.2, "kernel_size": 3, "width": 2, "depth": 1}
OPTIMIZERS = {
    "sgd": {**SGD, "nesterov": False}, "nesterov": SGD, "adam": ADAM, "adamw": ADAMW,
}  # fmt: skip


def made(config, **more):
    """The network of a config in float64, its training and its weights."""
    chosen = {**DEFAULTS, **config, **more}
    torch.manual_seed(0)
    member = {key: chosen[key] for key in SPACE.architecture}
    network = build_network(SPACE, member, (1, 8, 8), 10).double()
    weights = {name: one.detach().clone() for name, one in network.named_parameters()}
    return network, Classification(network, chosen), weights


def batch(seed=0, count=12, **more):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 1, 8, 8, generator=generator, dtype=torch.float64)
    labels = torch.randint(10, (count,), generator=generator)
    return Batch(images, labels, torch.arange(count), seed=seed, **more)


def number(value):
    return torch.tensor(value, dtype=torch.float64)


def test_the_loss_is_cross_entropy_with_the_configs_smoothing():
    network, training, weights = made(SGD, dropout=0.0, label_smoothing=0.15)
    given = batch()
    loss = F.cross_entropy(network(given.images), given.labels, label_smoothing=0.15)
    assert torch.allclose(training.train_loss(weights, {}, given), loss, rtol=1e-12)
    plain = F.cross_entropy(network(given.images), given.labels)
    assert torch.allclose(training.val_loss(weights, given), plain, rtol=1e-12)


def test_a_batch_has_the_same_loss_each_time_and_nothing_is_left_behind():
    network, training, weights = made(SGD, dropout=0.5)
    before = {name: one.clone() for name, one in network.state_dict().items()}
    random = torch.get_rng_state()
    first = training.train_loss(weights, {}, batch())
    assert torch.equal(training.train_loss(weights, {}, batch()), first)
    assert not torch.equal(training.train_loss(weights, {}, replace(batch(), seed=9)), first)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(one, before[name]) for name, one in network.state_dict().items())


def test_validation_is_without_dropout():
    _, training, weights = made(SGD, dropout=0.5)
    losses = [training.val_loss(weights, replace(batch(), seed=seed)) for seed in (1, 2)]
    assert torch.equal(*losses)


def test_losses_are_multiplied_by_the_weights_of_classes_and_images():
    _, training, weights = made(SGD)
    given = batch()
    plain = training.losses(weights, {}, given)
    classes, images = torch.arange(10) / 5.0, torch.linspace(0, 1, 12)
    hyper = {"class_weights": classes, "example_weights": images}
    expected = plain * classes[given.labels] * images[given.index]
    assert torch.allclose(training.train_loss(weights, hyper, given), expected.mean())


def test_weights_alone_have_the_same_implicit_gradient_in_the_cheap_way_as_in_the_general_one():
    network, general, weights = made(SGD, dropout=0.3)
    cheap = WeighedClassification(network, {**DEFAULTS, **SGD})
    assert by_example(cheap) is not None
    assert by_example(general) is None
    hyper = {
        "example_weights": torch.linspace(0.5, 1, 12), "class_weights": torch.linspace(0.5, 1, 10),
        "weight_decay": number(0.1), "learning_rate": number(0.1),
    }  # fmt: skip
    hyper = {key: value.double() for key, value in hyper.items()}
    solver = Identity()
    one, other = (
        implicit(training, weights, hyper, batch(1), batch(2), solver=solver).gradient
        for training in (general, cheap)
    )
    assert one.keys() == other.keys() == hyper.keys()
    for key, value in one.items():
        torch.testing.assert_close(other[key], value, rtol=1e-9, atol=1e-12)
        assert (value.abs().sum() > 0) == (key != "learning_rate")


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("more", [{}, {"gradient_clip": 0.3, "decay_vectors": True}])
def test_steps_are_those_of_torchs_optimisers(name, more):
    config = {**DEFAULTS, **OPTIMIZERS[name], "weight_decay": 0.05, **more}
    network, training, weights = made(config)
    theirs = _torchs(config, network)
    state = training.begin(weights)
    for step in range(4):
        given = batch(step, progress=step / 4)
        loss = training.train_loss(dict(network.named_parameters()), {}, given)
        _torchs_step(theirs, config, network, loss, step / 4)
        weights, state, _ = training_step(training, leaves(weights), state, {}, given)
        for key, parameter in network.named_parameters():
            torch.testing.assert_close(weights[key], parameter, rtol=1e-10, atol=1e-12)


def _torchs(config, network):
    """By the plain classifier's own function, but for what is fused: that is less exact."""
    matrices = [one for one in network.parameters() if one.ndim > 1]
    vectors = [one for one in network.parameters() if one.ndim <= 1]
    decay = config["weight_decay"]
    groups = [
        {"params": matrices, "weight_decay": decay},
        {"params": vectors, "weight_decay": decay * config["decay_vectors"]},
    ]
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(groups, momentum=0.9, nesterov=config["nesterov"])
    klass = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config["optimizer"]]
    return klass(groups, betas=(config["beta1"], config["beta2"]))


def _torchs_step(optimizer, config, network, loss, progress):
    set_learning_rate(optimizer, config, progress)
    optimizer.zero_grad()
    loss.backward()
    if config["gradient_clip"]:
        nn.utils.clip_grad_norm_(network.parameters(), config["gradient_clip"])
    optimizer.step()


STARTS = {
    "learning_rate": number(0.1), "learning_rate/0.0": number(0.1), "weight_decay": number(0.2),
    "momentum": number(0.7), "label_smoothing": number(0.1),
    "class_weights": torch.linspace(0.5, 1.5, 10, dtype=torch.float64),
    "example_weights": torch.linspace(0.5, 1.5, 12, dtype=torch.float64),
}  # fmt: skip


@pytest.mark.parametrize("key", STARTS)
def test_what_is_tuned_has_the_gradient_of_central_differences(key):
    config = {**SGD, **SMOOTH, "gradient_clip": 0.5, "schedule": "constant"}
    _, training, weights = made(config)
    names = [name.rpartition(".")[0] for name in weights]
    name = key if "/" not in key else f"learning_rate/{names[0]}"

    def after(value):
        now, state = leaves(weights), training.begin(weights)
        for step in range(3):
            given = batch(step)
            now, state, _ = training_step(
                training, now, state, {name: value}, given, differentiably=True
            )
        return training.val_loss(now, batch(7))

    start = STARTS[key].clone().requires_grad_()
    (found,) = torch.autograd.grad(after(start), start)
    along = torch.linspace(1, 2, start.numel(), dtype=torch.float64).view_as(start)
    with torch.enable_grad():
        ends = [after(start.detach() + sign * 1e-5 * along).detach() for sign in (1, -1)]
    difference = (ends[0] - ends[1]) / 2e-5
    assert found.abs().sum() > 0
    torch.testing.assert_close((found * along).sum(), difference, rtol=1e-5, atol=1e-9)


class Headed(nn.Module):
    """Two heads, one of which is auxiliary, and drop path's way to learn of the progress."""

    def __init__(self):
        super().__init__()
        self.main, self.auxiliary = nn.Linear(64, 10), nn.Linear(64, 10)
        self.progress = []

    def set_progress(self, share):
        self.progress.append(share)

    def forward(self, images):
        flat = images.flatten(1)
        return (self.main(flat), self.auxiliary(flat)) if self.training else self.main(flat)


def test_an_auxiliary_head_counts_by_its_weight_in_training_alone():
    network = Headed().double()
    training = Classification(network, {**DEFAULTS, **SGD, "auxiliary_weight": 0.4})
    weights, given = dict(network.named_parameters()), batch()
    main, auxiliary = network.train()(given.images)
    losses = [F.cross_entropy(o, given.labels, label_smoothing=0.1) for o in (main, auxiliary)]
    found = training.train_loss(weights, {}, given)
    torch.testing.assert_close(found, losses[0] + 0.4 * losses[1])
    tuned = training.train_loss(weights, {"auxiliary_weight": number(2.0)}, given)
    torch.testing.assert_close(tuned, losses[0] + 2 * losses[1])
    torch.testing.assert_close(
        training.val_loss(weights, given), F.cross_entropy(main, given.labels)
    )


def test_a_network_that_grows_harder_is_told_of_the_progress():
    network = Headed().double()
    training = Classification(network, {**DEFAULTS, **SGD, "auxiliary_weight": 0.4})
    training.train_loss(dict(network.named_parameters()), {}, batch(progress=0.25))
    assert network.progress == [0.25]


def test_the_schedule_multiplies_the_tuned_learning_rate():
    _, training, weights = made(SGD, schedule="cosine", momentum=0.0, weight_decay=0.0)
    steps = []
    for progress in (0.0, 0.5, 1.0):
        hyper = {"learning_rate": number(0.3)}
        given = batch(progress=progress)
        after, _, _ = training_step(
            training, leaves(weights), training.begin(weights), hyper, given
        )
        moved = [(after[name] - one).norm() for name, one in weights.items()]
        steps.append(torch.stack(moved).norm().item())
    assert steps[1] == pytest.approx(steps[0] / 2, rel=1e-6)
    assert steps[2] == 0


def test_statistics_are_the_means_over_the_batches():
    network = nn.Sequential(nn.BatchNorm2d(1, momentum=0.3), nn.Dropout(0.5))
    network(torch.randn(5, 1, 2, 2) + 100)  # what is to be forgotten
    given = [batch(seed).images.float() for seed in (1, 2)]
    find_statistics(network, lambda: given)
    means = torch.stack([images.mean() for images in given]).mean()
    spreads = torch.stack([images.var() for images in given]).mean()
    assert network[0].running_mean.item() == pytest.approx(means.item(), abs=1e-6)
    assert network[0].running_var.item() == pytest.approx(spreads.item(), rel=1e-5)
    assert network[0].momentum == 0.3


def test_where_nothing_is_normalised_by_batches_no_batch_is_asked():
    find_statistics(nn.Linear(2, 2), lambda: pytest.fail("asked"))
