"""How long a network takes for one image."""

import time

import torch
from torch import nn

from automl_on_ray.trainables.registered_models import latency_seconds


class Slow(nn.Module):
    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds
        self.head = nn.Linear(16, 2)

    def forward(self, images):
        assert images.shape == (1, 1, 4, 4)
        assert not self.training
        time.sleep(self.seconds)
        return self.head(images.flatten(1))


def test_latency_is_what_one_image_takes_and_leaves_the_network_as_it_was():
    network = Slow(0.02)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    slow = latency_seconds(network, (1, 4, 4))
    assert slow >= 0.02
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert latency_seconds(Slow(0.0), (1, 4, 4)) < slow
