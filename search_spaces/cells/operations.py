"""The operations of a derived DARTS cell, as modules (Liu et al. 2019, arXiv:1806.09055).

All take and give (B, C, H, W); with stride 2, sides become ceil(H / 2) and ceil(W / 2).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.search_spaces.core import UserError


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """UserError for an unknown name."""
    match name:
        case "skip_connect":
            return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
        case "max_pool_3x3":
            return nn.MaxPool2d(3, stride, 1)
        case "avg_pool_3x3":
            return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
        case "noise":
            return Noise(stride)
        case "sep_conv_3x3" | "sep_conv_5x5":
            size = int(name[-1])
            return nn.Sequential(
                *_depthwise_separable(channels, size, stride),
                *_depthwise_separable(channels, size, 1),
            )
        case "dil_conv_3x3" | "dil_conv_5x5":
            return nn.Sequential(*_depthwise_separable(channels, int(name[-1]), stride, dilation=2))
    raise UserError(f"Unknown operation {name!r}.")


def relu_conv_bn(inputs: int, outputs: int) -> nn.Module:
    """ReLU, pointwise convolution, batch normalisation."""
    return nn.Sequential(
        nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
    )


class FactorizedReduce(nn.Module):
    """Halves the sides: half of the outputs from even pixels, half from odd ones."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.even = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(inputs, outputs - outputs // 2, 1, stride=2, bias=False)
        self.normalise = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        # An odd side has one odd pixel less than even ones: black stands for it.
        moved = F.pad(x, (-1, x.shape[3] % 2, -1, x.shape[2] % 2))
        y: Tensor = self.normalise(torch.cat([self.even(x), self.odd(moved)], 1))
        return y


class Noise(nn.Module):
    """Standard Gaussian noise in place of what comes in (Zela et al. 2020), also when evaluated."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return torch.randn_like(x[:, :, :: self.stride, :: self.stride])


class DropPath(nn.Module):
    """Leaves a whole image's path out with `probability`, while training (Larsson et al. 2017).

    What is kept is divided by its share, so that the mean stays.
    """

    def __init__(self) -> None:
        super().__init__()
        self.probability = 0.0

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.probability:
            return x
        kept = torch.rand((len(x), 1, 1, 1), device=x.device) >= self.probability
        return x * kept / (1 - self.probability)


def _depthwise_separable(
    channels: int, size: int, stride: int, dilation: int = 1
) -> list[nn.Module]:
    padding = dilation * (size - 1) // 2
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, size, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
    ]
