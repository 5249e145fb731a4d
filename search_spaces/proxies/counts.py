"""What a network costs, counted."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from automl_on_ray.search_spaces.domains import ImageShape


def count_parameters(network: nn.Module) -> int:
    """Without those of an auxiliary head, which only training has."""
    named = network.named_parameters()
    return sum(weight.numel() for name, weight in named if not name.startswith("auxiliary."))


def count_flops(network: nn.Module, image_shape: ImageShape) -> int:
    """Floating-point operations of one image forward, as PyTorch counts them; no state changes."""
    training = network.training
    network.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, *image_shape))
    network.train(training)
    return int(counter.get_total_flops())
