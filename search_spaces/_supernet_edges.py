"""Edges of a supernet that end in one node, all of their operations at once."""

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from search_spaces._cells import EDGES
from search_spaces._supernet_arithmetic import (
    EPSILON,
    Total,
    matrix,
    normalised,
    odd_pixels,
    to_quarters,
    uniform,
)


class State:
    """A node's tensor (B, C, H, W), and what all edges out of it have in common."""

    def __init__(self, x: Tensor) -> None:
        self.x = x.contiguous(memory_format=torch.channels_last)
        self._packed: dict[tuple[tuple[str, ...], int], tuple[Tensor, Tensor, Tensor]] = {}

    @cached_property
    def relu(self) -> Tensor:
        return F.relu(self.x)

    def packed(self, kinds: tuple[str, ...], stride: int) -> tuple[Tensor, Tensor, Tensor]:
        """Operations without weights: (N, K * C), and what normalises it, factor and sum (K, C)."""
        if (kinds, stride) not in self._packed:
            self._packed[kinds, stride] = self._pack(kinds, stride)
        return self._packed[kinds, stride]

    def _pack(self, kinds: tuple[str, ...], stride: int) -> tuple[Tensor, Tensor, Tensor]:
        parts = [matrix(_without_weights(kind, self.x, stride)) for kind in kinds]
        factors, sums = [], []
        for kind, part in zip(kinds, parts, strict=True):
            if kind.endswith("pool_3x3"):
                variance, mean = torch.var_mean(part, 0, correction=0)
                factors.append(torch.rsqrt(variance + EPSILON))
                sums.append(-mean * factors[-1])
            else:
                factors.append(torch.ones_like(part[0]))
                sums.append(torch.zeros_like(part[0]))
        joined = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
        return joined, torch.stack(factors), torch.stack(sums)


class Joined:
    """What several sources have after ReLU, side by side: (B, G * C, H, W) and its parts."""

    def __init__(self, states: Sequence[State]) -> None:
        parts = [state.relu for state in states]
        self.relu = parts[0] if len(parts) == 1 else torch.cat(parts, 1)

    @cached_property
    def even(self) -> Tensor:
        return self.relu[:, :, ::2, ::2].contiguous(memory_format=torch.channels_last)

    @cached_property
    def odd(self) -> Tensor:
        return odd_pixels(self.relu).contiguous(memory_format=torch.channels_last)

    @cached_property
    def quarters(self) -> Tensor:
        return to_quarters(self.relu)


def _without_weights(kind: str, x: Tensor, stride: int) -> Tensor:
    if kind == "max_pool_3x3":
        return F.max_pool2d(x, 3, stride, 1)
    if kind == "avg_pool_3x3":
        return F.avg_pool2d(x, 3, stride, 1, count_include_pad=False)
    if kind == "noise":
        return torch.randn_like(x[:, :, ::stride, ::stride])
    return x


class Edges(nn.Module):
    """All edges of one stride into one node; their operations' weights are stacked by operation."""

    def __init__(
        self,
        edges: Sequence[int],
        operations: tuple[str, ...],
        columns: Sequence[Sequence[int]],
        channels: int,
        stride: int,
    ) -> None:
        super().__init__()
        self.edges, self.stride, self.operations = tuple(edges), stride, operations
        self.weights = nn.ParameterDict()
        # By operation: which of these edges have it, in the order of the stacked weights.
        self.having: dict[str, list[int]] = {
            name: [i for i, known in enumerate(columns) if column in known]
            for column, name in enumerate(operations)
        }
        for name, having in self.having.items():
            if having:
                self.weights.update(_initial(name, len(having), channels, stride))

    def forward(
        self, states: Sequence[State], mixing: Tensor, chosen: list[list[bool]] | None
    ) -> Tensor:
        """The sum over these edges (B, C, H', W') of `mixing` (E, O) times operation."""
        sources = [states[EDGES[edge][0]] for edge in self.edges]
        total = Total(sources[0].x, self.stride)
        joined: dict[tuple[int, ...], Joined] = {}
        free: dict[int, list[int]] = {}
        for column, name in enumerate(self.operations):
            kept = [
                (place, i)
                for place, i in enumerate(self.having[name])
                if chosen is None or chosen[self.edges[i]][column]
            ]
            if not kept or name == "none":
                continue
            which = tuple(i for _, i in kept)
            weights = self._weights(name, [place for place, _ in kept])
            if not weights:
                for i in which:
                    free.setdefault(i, []).append(column)
                continue
            if which not in joined:
                joined[which] = Joined([sources[i] for i in which])
            mixed = mixing[[self.edges[i] for i in which], column]
            _add(name, total, joined[which], weights, mixed, self.stride)
        for i, columns in free.items():
            kinds = tuple(self.operations[column] for column in columns)
            packed, factors, sums = sources[i].packed(kinds, self.stride)
            mixed = mixing[self.edges[i], columns][:, None]
            total.add(
                packed, torch.diag_embed(mixed * factors).flatten(0, 1), (mixed * sums).sum(0)
            )
        return total.image()

    def _weights(self, name: str, places: Sequence[int]) -> list[Tensor]:
        stacked = [w for key, w in self.weights.items() if key.partition(":")[0] == name]
        count = len(self.having[name])
        if len(places) == count:
            return stacked
        return [w.unflatten(0, (count, -1))[list(places)].flatten(0, 1) for w in stacked]


def _initial(name: str, count: int, channels: int, stride: int) -> dict[str, nn.Parameter]:
    """Stacked weights as `nn.Conv2d` begins them, (count * outputs, inputs, k, k)."""
    if "_conv_" in name:
        k = int(name[-1])
        twice = 2 if name.startswith("sep_conv") else 1
        shapes = [(channels, 1, k, k), (channels, channels, 1, 1)] * twice
    elif name == "skip_connect" and stride == 2:
        shapes = [(channels // 2, channels, 1, 1)] * 2
    else:
        shapes = []
    return {
        f"{name}:{i}": uniform(count * outputs, *rest) for i, (outputs, *rest) in enumerate(shapes)
    }


def _add(
    name: str, total: Total, x: Joined, weights: Sequence[Tensor], mixing: Tensor, stride: int
) -> None:
    """To `total`, the sum over G edges of `mixing` (G,) times operation `name`."""
    if name.startswith("sep_conv"):
        total.add_mixed(_until_last_pointwise(x.relu, weights, stride), weights[3], mixing)
    elif name.startswith("dil_conv"):
        _add_dilated(total, x, weights[0], weights[1], mixing, stride)
    else:
        _add_halved(total, x, weights, mixing)


def _until_last_pointwise(x: Tensor, weights: Sequence[Tensor], stride: int) -> Tensor:
    """Depthwise, pointwise, BN, ReLU, depthwise: (B, G * C, H, W) -> (B, G * C, H', W')."""
    depthwise, pointwise, second, _ = weights
    padding, channels = depthwise.shape[2] // 2, x.shape[1]
    groups = channels // pointwise.shape[1]
    y = F.conv2d(x, depthwise, None, stride, padding, groups=channels)
    y, scaled, bias = normalised(y, pointwise, groups)
    y = F.conv2d(y, scaled.flatten(0, 1)[:, :, None, None], bias.flatten(), groups=groups).relu_()
    return F.conv2d(y, second, None, 1, padding, groups=channels)


def _add_dilated(
    total: Total, x: Joined, depthwise: Tensor, pointwise: Tensor, mixing: Tensor, stride: int
) -> None:
    size, (channels, height, width) = depthwise.shape[2], x.relu.shape[1:]
    if stride == 2:  # only even pixels meet
        y = F.conv2d(x.even, depthwise, padding=size // 2, groups=channels)
        total.add_mixed(y, pointwise, mixing)
    elif height % 2 == 0 and width % 2 == 0:
        y = F.conv2d(x.quarters, depthwise, padding=size // 2, groups=channels)
        total.add_mixed(y, pointwise, mixing, quarters=True)
    else:
        y = F.conv2d(x.relu, depthwise, padding=size - 1, dilation=2, groups=channels)
        total.add_mixed(y, pointwise, mixing)


def _add_halved(total: Total, x: Joined, weights: Sequence[Tensor], mixing: Tensor) -> None:
    """Factorised reduction: half of the channels from even, half from odd pixels."""
    for pixels, weight, first in ((x.even, weights[0], True), (x.odd, weights[1], False)):
        used, scaled, bias = normalised(pixels, weight, len(mixing))
        half = weight.shape[0] // len(mixing)
        sides = (0, half) if first else (half, 0)
        mixed = (mixing[:, None, None] * scaled).transpose(1, 2).flatten(0, 1)  # (G * C, C / 2)
        total.add(matrix(used), F.pad(mixed, sides), F.pad((mixing[:, None] * bias).sum(0), sides))
