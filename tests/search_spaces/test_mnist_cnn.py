"""The MNIST CNN spaces: every member is a network, for images small and large."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces import build
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.search_spaces.mnist_cnn_classic import SPACE as CLASSIC

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 64, 48), (3, 3, 3)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), shape=st.sampled_from(SHAPES), classes=st.integers(2, 100))
def test_every_member_builds_and_learns_something_of_images_of_every_shape(seed, shape, classes):
    config = SPACE.sample(np.random.default_rng(seed))
    SPACE.check(config)
    network = SPACE.build(config, shape, classes)
    logits = network(torch.rand(2, *shape))
    assert logits.shape == (2, classes)
    logits.square().sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_momentum_exists_only_for_sgd_and_betas_only_for_adam(seed):
    config = SPACE.sample(np.random.default_rng(seed))
    sgd = config["optimizer"] == "sgd"
    assert [key in config for key in ("momentum", "nesterov")] == [sgd, sgd]
    assert [key in config for key in ("beta1", "beta2")] == [not sgd, not sgd]


def test_the_classic_three_are_the_same_in_both_spaces():
    assert set(CLASSIC.all) == {"learning_rate", "weight_decay", "batch_size"}
    small, large = CLASSIC.describe(), SPACE.describe()
    assert small == {key: large[key] for key in small}
    assert (CLASSIC.all["learning_rate"].lower, CLASSIC.all["learning_rate"].upper) == (1e-5, 1e-2)
    sizes = CLASSIC.all["batch_size"]
    assert (sizes.lower, sizes.upper - 1) == (32, 256)


def test_a_classic_member_is_built_from_defaults():
    network = CLASSIC.build(CLASSIC.sample(np.random.default_rng(0)), (1, 28, 28), 10)
    assert network.eval()(torch.zeros(1, 1, 28, 28)).shape == (1, 10)


def test_depth_and_width_are_those_of_the_config():
    network = build({"depth": 4, "width": 12, "kernel_size": 3}, (1, 28, 28), 10)
    convolutions = [layer for layer in network if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [12, 24, 36, 48]
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}


def test_images_smaller_than_three_pixels_are_refused():
    with pytest.raises(UserError, match="2 x 9 are too small"):
        build({}, (1, 2, 9), 10)


def test_the_documented_longer_setting_is_a_member():
    (config,) = json.loads(
        (Path(__file__).parents[2] / "docs" / "about" / "mnist_longer.json").read_text()
    )
    SPACE.check(config)
