"""A trained network with its own normalisation, for images as they come."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Predictor(nn.Module):
    """Pixels 0 to 255 as floats, (B, channels, height, width) -> logits (B, classes)."""

    scale: Tensor
    offset: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        deviation = torch.tensor(std).view(1, -1, 1, 1)
        self.register_buffer("scale", 1 / (255 * deviation))
        self.register_buffer("offset", -torch.tensor(mean).view(1, -1, 1, 1) / deviation)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images * self.scale + self.offset)
        return logits
