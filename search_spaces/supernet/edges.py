"""Edges of a supernet that end in one node, all of their operations at once."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.search_spaces.cells import EDGES
from automl_on_ray.search_spaces.supernet.arithmetic import (
    Total,
    centred,
    matrix,
    mixed,
    normalised,
    uniform,
)
from automl_on_ray.search_spaces.supernet.edge_inputs import POOLS, Joined, State
from automl_on_ray.search_spaces.supernet.recompute import Value


class Edges(nn.Module):
    """All edges of one stride into one node; their operations' weights are stacked by operation."""

    def __init__(
        self,
        edges: Sequence[int],
        operations: tuple[str, ...],
        columns: Sequence[Sequence[int]],
        channels: int,
        stride: int,
        recompute: bool = False,
    ) -> None:
        super().__init__()
        self.edges, self.stride, self.operations = tuple(edges), stride, operations
        self.recompute = recompute
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
            chosen_mixing = mixing[[self.edges[i] for i in which], column]
            self._add(name, total, joined[which], weights, chosen_mixing)
        for i, unordered in free.items():
            columns = sorted(unordered, key=lambda c: self.operations[c] not in POOLS)
            kinds = tuple(self.operations[column] for column in columns)
            packed = sources[i].packed(kinds, self.stride)
            factors = mixing[self.edges[i], columns][:, None] * packed.factors
            weight = torch.diag_embed(factors).flatten(0, 1)
            total.add(packed.x, *centred(packed.x, weight, packed.means.flatten()))
        return total.image()

    def _add(
        self, name: str, total: Total, x: Joined, weights: Sequence[Tensor], mixing: Tensor
    ) -> None:
        """To `total`, the sum over G edges of `mixing` (G,) times operation `name`."""
        if name.startswith("sep_conv"):
            found = _until_last_pointwise(x.relu, weights, self.stride, self.recompute)
            total.add_mixed(found, weights[3], mixing)
        elif name.startswith("dil_conv"):
            found, quarters = _dilated(x, weights[0], self.stride, self.recompute)
            total.add_mixed(found, weights[1], mixing, quarters=quarters)
        else:
            _add_halved(total, x, weights, mixing)

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


def _convolved(x: Value, convolve: Callable[[Tensor], Tensor], recompute: bool) -> Value:
    again = x.again
    return Value(convolve(x.tensor), (lambda: convolve(again())) if recompute else None)


def _until_last_pointwise(
    x: Value, weights: Sequence[Tensor], stride: int, recompute: bool
) -> Value:
    """Depthwise, pointwise, BN, ReLU, depthwise: (B, G * C, H, W) -> (B, G * C, H', W')."""
    depthwise, pointwise, second, _ = weights
    padding, channels = depthwise.shape[2] // 2, x.tensor.shape[1]
    groups = channels // pointwise.shape[1]
    first = _convolved(
        x, lambda y: F.conv2d(y, depthwise, None, stride, padding, groups=channels), recompute
    )
    y, scaled, mean = normalised(first.tensor, pointwise, groups)
    turned, bias = centred(y, scaled.transpose(1, 2), mean)
    scaled, bias = turned.transpose(1, 2).flatten(0, 1)[:, :, None, None], bias.flatten()
    again, own_scaled, own_bias = first.again, scaled.detach(), bias.detach()
    middle = Value(
        F.conv2d(y, scaled, bias, groups=groups),
        lambda: F.conv2d(again(), own_scaled, own_bias, groups=groups).relu_(),
    )
    middle.tensor.relu_()
    return _convolved(
        middle, lambda y: F.conv2d(y, second, None, 1, padding, groups=channels), recompute
    )


def _dilated(x: Joined, depthwise: Tensor, stride: int, recompute: bool) -> tuple[Value, bool]:
    """Depthwise with dilation 2, and whether in the order of `to_quarters`."""
    size, (channels, height, width) = depthwise.shape[2], x.relu.tensor.shape[1:]
    if stride == 2 or (height % 2 == 0 and width % 2 == 0):
        # With stride 2 only even pixels meet, else only those of the same quarter.
        pixels = x.even if stride == 2 else x.quarters
        return _convolved(
            pixels,
            lambda y: F.conv2d(y, depthwise, padding=size // 2, groups=channels),
            recompute,
        ), stride == 1
    return _convolved(
        x.relu,
        lambda y: F.conv2d(y, depthwise, padding=size - 1, dilation=2, groups=channels),
        recompute,
    ), False


def _add_halved(total: Total, x: Joined, weights: Sequence[Tensor], mixing: Tensor) -> None:
    """Factorised reduction: half of the channels from even, half from odd pixels."""
    for pixels, weight, first in ((x.even, weights[0], True), (x.odd, weights[1], False)):
        used, scaled, mean = normalised(pixels.tensor, weight, len(mixing))
        half = weight.shape[0] // len(mixing)
        sides = (0, half) if first else (half, 0)
        padded = F.pad(mixed(scaled, mixing), sides)  # (G * C, C)
        total.add(matrix(used), *centred(used, padded, mean.flatten()))
