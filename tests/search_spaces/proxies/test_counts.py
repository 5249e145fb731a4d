"""Operations are counted as PyTorch counts them."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from automl_on_ray.search_spaces import SearchSpace, darts, macro, mnist_cnn, nas_bench_201
from automl_on_ray.search_spaces.proxies import count_flops

IMAGE = (3, 16, 16)
SPACES = (darts, macro, mnist_cnn, nas_bench_201)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.MultiheadAttention(256, 4)

    def forward(self, images):
        rows = images.flatten(2)
        return self.layer(rows, rows, rows)[0]


class WithoutGradients(nn.Module):
    """Its operations are not taken apart before they are counted."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(16, 5)

    @torch.inference_mode()
    def forward(self, images):
        return self.layer(images.clone())


def told_by_torch(network):
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, *IMAGE))
    return counter.get_total_flops()


def drawn(space: SearchSpace):
    config = {
        key: domain.sample() if hasattr(domain, "sample") else domain
        for key, domain in space.all.items()
    }
    return space.build(config, IMAGE, 10)


@pytest.mark.parametrize("module", SPACES, ids=lambda module: module.SPACE.name)
def test_of_networks_of_a_space(module):
    network = drawn(module.SPACE)
    assert count_flops(network, IMAGE) == told_by_torch(network) > 0


@pytest.mark.parametrize("kind", [Attention, WithoutGradients])
def test_of_a_network_of_ones_own(kind):
    network = kind()
    assert count_flops(network, IMAGE) == told_by_torch(network) > 0
