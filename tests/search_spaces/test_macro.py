"""The macro space: its networks' sizes, what applies when, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.macro import SPACE, START, build, graph

PLAIN = {
    **SPACE.constants, "stem_width": 8, "stem_kernel": 3, "stages": 1,
    "stage1_block": "convolution", "stage1_depth": 2, "stage1_width": 16, "stage1_kernel": 5,
    "dropout": 0.0, "optimizer": "sgd",
    "learning_rate": 0.1, "weight_decay": 1e-4, "batch_size": 64, "schedule": "cosine",
    "label_smoothing": 0.0, "augmentation": 0.5,
}  # fmt: skip
BOTTLENECK = {**PLAIN, "stage1_block": "bottleneck", "stage1_expansion": 2, "stage1_squeeze": True}


def weights(network):
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("side", [8, 28, 33, 224])
def test_every_member_takes_images_of_its_sizes(side):
    generator = np.random.default_rng(side)
    for _ in range(8):
        config = SPACE.sample(generator)
        SPACE.check(config)
        network = build(config, (3, side, side), 10).eval()
        assert network(torch.zeros(2, 3, side, side)).shape == (2, 10)


def test_large_images_cost_little_more_weights_and_not_their_area():
    small, large = (build(PLAIN, (3, side, side), 10) for side in (28, 224))
    assert weights(small) < weights(large) < 1.1 * weights(small)


def test_the_numbers_of_weights_are_those_of_the_layers():
    stem, head = 8 * 9 + 2 * 8, 16 * 10 + 10
    convolutions = (8 + 16) * 16 * 25 + 2 * 2 * 16
    assert weights(build(PLAIN, (1, 28, 28), 10)) == stem + convolutions + head
    bottlenecks = 0
    for inputs in (8, 16):
        hidden, narrow = 2 * inputs, max(2 * inputs // 4, 4)
        squeeze = 2 * hidden * narrow + narrow + hidden
        bottlenecks += hidden * (inputs + 25 + 16) + 2 * (2 * hidden + 16) + squeeze
    assert weights(build(BOTTLENECK, (1, 28, 28), 10)) == stem + bottlenecks + head


def test_a_bottleneck_of_the_same_shape_adds_what_came_in():
    network = build(BOTTLENECK, (1, 28, 28), 10)
    first, second = (each for each in network if hasattr(each, "alike"))
    assert (first.alike, second.alike) == (False, True)
    for weight in second.main.parameters():
        torch.nn.init.zeros_(weight)
    images = torch.rand(2, 16, 7, 7)
    assert torch.equal(second.eval()(images), images)


def test_stages_that_are_not_there_have_no_decisions():
    SPACE.check(PLAIN)
    SPACE.check(BOTTLENECK)
    drawn = SPACE.active({**PLAIN, "stage2_depth": 1, "stage1_expansion": 2})
    assert drawn == PLAIN


def test_images_that_are_too_small_are_refused():
    with pytest.raises(UserError, match="Images of 7 x 9 are too small for space 'macro'"):
        build(PLAIN, (1, 7, 9), 10)


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(SPACE.domains)))
def test_a_graph_tells_what_varies_and_nothing_else(seed, key):
    generator = np.random.default_rng(seed)
    config, other = SPACE.sample(generator), SPACE.sample(generator)
    changed = SPACE.active({**other, **config, key: other.get(key, config.get(key))})
    same = all(changed.get(k) == config.get(k) for k in SPACE.architecture)
    assert (graph(changed).canonical() == graph(config).canonical()) == same


def test_the_start_is_a_member_of_less_than_five_thousand_weights_on_mnist():
    member = {**SPACE.constants, **START}
    SPACE.validate()
    assert SPACE.active(member) == member
    assert weights(build(member, (1, 28, 28), 10)) < 5000
