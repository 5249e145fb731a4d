"""The network of a NAS-Bench-201 cell (Dong and Yang 2020, arXiv:2001.00326, section 2.1)."""

import torch
from torch import Tensor, nn

from search_spaces._errors import UserError
from search_spaces._nas_bench_cell import NODES, check_cell, inputs_of
from search_spaces._space import Config, ImageShape

# What a config that leaves a key out means: the benchmark's own size.
DEFAULTS: Config = {"channels": 16, "cells": 5}
STAGES = 3
SMALLEST_SIDE = 2 ** (STAGES - 1)  # one pixel is left after the reductions


def build(config: Config, image_shape: ImageShape, classes: int) -> nn.Module:
    """(B, C, H, W) -> logits (B, classes).

    Keys beside the edges': `channels` of the first stage, doubled in each of the other two, and
    `cells` of a stage. Edges that nothing comes through keep their weights, as in the benchmark,
    whose counts are of all. Raises UserError for what is no cell, for a cell without a way to its
    output, and for images smaller than 4 x 4.
    """
    check_cell(config)
    chosen = {**DEFAULTS, **config}
    if min(image_shape[1:]) < SMALLEST_SIDE:
        raise UserError(
            f"Images of {image_shape[1]} x {image_shape[2]} are too small for this network; it "
            f"takes {SMALLEST_SIDE} x {SMALLEST_SIDE} and larger."
        )
    channels = chosen["channels"]
    layers: list[nn.Module] = [
        nn.Conv2d(image_shape[0], channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
    ]
    for stage in range(STAGES):
        if stage:
            layers.append(_Reduction(channels))
            channels *= 2
        layers += [_Cell(config, channels) for _ in range(chosen["cells"])]
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(channels, classes))


class _Cell(nn.Module):
    """(B, C, H, W) to the same shape."""

    def __init__(self, config: Config, channels: int) -> None:
        super().__init__()
        self.sources: list[list[int]] = []
        self.nodes = nn.ModuleList()
        for node in range(1, NODES):
            inputs = inputs_of(config, node)
            self.sources.append([source for source, _ in inputs])
            self.nodes.append(nn.ModuleList(_operation(name, channels) for _, name in inputs))

    def forward(self, x: Tensor) -> Tensor:
        states = [x]
        for sources, node in zip(self.sources, self.nodes, strict=True):
            assert isinstance(node, nn.ModuleList)
            # A node without inputs is black, not absent: what follows it may have biases.
            total = torch.zeros_like(x) if not sources else None
            for source, operation in zip(sources, node, strict=True):
                term = operation(states[source])
                total = term if total is None else total + term
            assert total is not None
            states.append(total)
        return states[-1]


class _Reduction(nn.Module):
    """Residual block between stages: (B, C, H, W) to (B, 2 C, ceil(H / 2), ceil(W / 2))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.straight = nn.Sequential(
            *_relu_conv_bn(channels, 2 * channels, 3, stride=2),
            *_relu_conv_bn(2 * channels, 2 * channels, 3),
        )
        self.shortcut = nn.Sequential(
            # Rounded up, an odd side fits the convolution's; for even ones nothing changes.
            nn.AvgPool2d(2, 2, ceil_mode=True),
            nn.Conv2d(channels, 2 * channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.shortcut(x) + self.straight(x)
        return y


def _operation(name: str, channels: int) -> nn.Module:
    match name:
        case "skip_connect":
            return nn.Identity()
        case "avg_pool_3x3":
            return nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    return nn.Sequential(*_relu_conv_bn(channels, channels, int(name[-1])))


def _relu_conv_bn(inputs: int, outputs: int, size: int, *, stride: int = 1) -> list[nn.Module]:
    return [
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
    ]
