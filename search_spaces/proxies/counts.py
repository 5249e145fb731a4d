"""What a network costs, counted, and limits to it."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from automl_on_ray.search_spaces.domains import ImageShape

COUNTED = ("parameters", "flops")  # without a device


@dataclass(frozen=True)
class Limit:
    """`metric` is at most, or at least, the `bound`."""

    metric: str
    at_most: bool
    bound: float

    def __str__(self) -> str:
        return f"{self.metric} {'<=' if self.at_most else '>='} {self.bound:g}"

    def holds(self, costs: Mapping[str, float]) -> bool:
        """Also where the metric is not among the `costs` yet."""
        value = costs.get(self.metric, self.bound)
        return value <= self.bound if self.at_most else value >= self.bound


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
