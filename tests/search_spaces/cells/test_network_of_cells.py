"""Networks of derived cells have the sizes that papers state, and take what they are given."""

import numpy as np
import pytest
import torch

from automl_on_ray.search_spaces.cells import NAMES, build, published_cell
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.darts import SPACE, space


def count(network):
    return sum(weight.numel() for weight in network.parameters())


def cifar_network(name, **changes):
    config = {**published_cell(name), "channels": 36, "layers": 20, **changes}
    return build(config, (3, 32, 32), 10)


def test_darts_v2_has_exactly_its_published_number_of_weights():
    assert count(cifar_network("darts_v2")) == 3_349_342


@pytest.mark.parametrize(
    ("name", "millions"),
    # As the papers state them, and for DARTS_V1 as NAS tools count it.
    [("darts_v1", 3.17), ("p_darts", 3.43), ("pc_darts_cifar10", 3.63)],
)
def test_published_cells_have_their_papers_numbers_of_weights(name, millions):
    assert round(count(cifar_network(name)) / 1e6, 2) == millions


@pytest.mark.parametrize("name", NAMES)
def test_published_cells_are_members_of_the_space(name):
    config = {**published_cell(name), "learning_rate": 0.01, "weight_decay": 1e-4}
    SPACE.check({**SPACE.constants, **config})


def test_a_weight_decay_of_zero_is_a_weight_decay():
    assert space(weight_decay=0.0).constants["weight_decay"] == 0.0
    assert "weight_decay" in space().domains


def test_an_auxiliary_head_answers_while_training_only():
    network = cifar_network("darts_v2", channels=4, layers=6, auxiliary_weight=0.4)
    images = torch.zeros(2, 3, 32, 32)
    main, auxiliary = network(images)
    assert main.shape == auxiliary.shape == (2, 10)
    assert network.eval()(images).shape == (2, 10)


def test_drop_path_leaves_paths_out_more_and_more_and_only_while_training():
    torch.manual_seed(0)
    network = cifar_network("darts_v2", channels=4, layers=3, drop_path=0.5)
    images = torch.randn(4, 3, 16, 16)
    network.set_progress(0.0)
    assert torch.equal(network(images), network(images))
    network.set_progress(1.0)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


@pytest.mark.parametrize("side", [8, 9, 14, 28])
def test_any_member_takes_even_and_odd_sides(side):
    generator = np.random.default_rng(side)
    config = {**space(stem_stride=1, channels=4, layers=3).sample(generator)}
    assert build(config, (1, side, side), 5)(torch.zeros(2, 1, side, side)).shape == (2, 5)


def test_images_too_small_for_the_reductions_are_refused():
    with pytest.raises(UserError, match="need 16 pixels a side"):
        build({**published_cell("darts_v2"), "stem_stride": 2}, (1, 12, 12), 10)


def test_a_config_with_a_foreign_key_of_a_cell_is_refused():
    with pytest.raises(UserError, match="no key of a cell"):
        build({**published_cell("darts_v2"), "normal_node9_op1": "skip_connect"}, (1, 28, 28), 10)


def test_an_unknown_published_cell_is_answered_with_the_list():
    with pytest.raises(UserError, match="There are: darts_v1, darts_v2"):
        published_cell("darts_v3")
