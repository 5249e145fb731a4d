"""The supernet in the usual form: one module a candidate operation and edge, contiguous images.

It is what `search_spaces/supernet/network.py` is measured against, and tested against: the same
mathematics (Liu et al. 2019; with `partial`, Xu et al. 2020), none of its arithmetic.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.search_spaces.cells import CELLS, EDGES, NODES, reductions
from automl_on_ray.search_spaces.supernet import FactorizedReduce as FoldedReduce, Supernet


class UsualSupernet(nn.Module):
    """As `Supernet`, whose weights `copy_weights` gives to it."""

    def __init__(
        self,
        image_channels: int,
        classes: int,
        *,
        operations: Sequence[str],
        channels: int = 16,
        layers: int = 8,
        partial: int = 1,
    ) -> None:
        super().__init__()
        width = 3 * channels
        self.stem = nn.Sequential(
            nn.Conv2d(image_channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width, track_running_stats=False),
        )
        before, last, shrunk = width, width, False
        self.cells = nn.ModuleList()
        for layer in range(layers):
            reduction = layer in reductions(layers)
            channels *= 1 + reduction
            self.cells.append(_Cell(before, last, channels, reduction, shrunk, operations, partial))
            before, last, shrunk = last, NODES * channels, reduction
        self.head = nn.Linear(last, classes)

    def forward(
        self,
        images: Tensor,
        mixing: Mapping[str, Tensor],
        edge_weights: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        before = last = self.stem(images)
        cell: Any
        for cell in self.cells:
            name = CELLS[cell.reduction]
            edges = torch.ones(len(EDGES)) if edge_weights is None else edge_weights[name]
            before, last = last, cell(before, last, mixing[name], edges.to(images))
        logits: Tensor = self.head(last.mean((2, 3)))
        return logits


class _Cell(nn.Module):
    def __init__(
        self,
        before: int,
        last: int,
        channels: int,
        reduction: bool,
        shrunk: bool,
        operations: Sequence[str],
        partial: int,
    ) -> None:
        super().__init__()
        self.reduction = reduction
        self.before = _Reduce(before, channels) if shrunk else _squeeze(before, channels)
        self.last = _squeeze(last, channels)
        self.edges = nn.ModuleList(
            _MixedOperation(operations, channels, 2 if reduction and source < 2 else 1, partial)
            for source, _ in EDGES
        )

    def forward(self, before: Tensor, last: Tensor, mixing: Tensor, edges: Tensor) -> Tensor:
        states = [self.before(before), self.last(last)]
        for node in range(2, 2 + NODES):
            into = [e for e, (_, target) in enumerate(EDGES) if target == node]
            parts = [edges[e] * self.edges[e](states[EDGES[e][0]], mixing[e]) for e in into]
            states.append(torch.stack(parts).sum(0))
        return torch.cat(states[2:], 1)


class _MixedOperation(nn.Module):
    def __init__(self, names: Sequence[str], channels: int, stride: int, partial: int) -> None:
        super().__init__()
        self.stride, self.partial, self.mixed = stride, partial, channels // partial
        self.candidates = nn.ModuleList(_operation(name, self.mixed, stride) for name in names)

    def forward(self, x: Tensor, mixing: Tensor) -> Tensor:
        chosen = x[:, : self.mixed]
        total = torch.stack(
            [weight * o(chosen) for weight, o in zip(mixing, self.candidates, strict=True)]
        ).sum(0)
        if self.partial == 1:
            return total
        rest = x[:, self.mixed :]
        rest = F.max_pool2d(rest, 2, 2, ceil_mode=True) if self.stride == 2 else rest
        b, _, h, w = total.shape
        joined = torch.cat([total, rest], 1).view(b, self.partial, self.mixed, h, w)
        return joined.transpose(1, 2).reshape(b, -1, h, w)


class _Zero(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, :: self.stride, :: self.stride] * 0


class _Reduce(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.even = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)
        self.odd = nn.Conv2d(inputs, outputs // 2, 1, 2, bias=False)
        self.normalise = _normalisation(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        moved = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2))[:, :, 1:, 1:]
        y: Tensor = self.normalise(torch.cat([self.even(x), self.odd(moved)], 1))
        return y


def _normalisation(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, affine=False, track_running_stats=False)


def _squeeze(inputs: int, outputs: int) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, 1, bias=False)
    return nn.Sequential(nn.ReLU(), convolution, _normalisation(outputs))


def _operation(name: str, channels: int, stride: int) -> nn.Module:
    match name:
        case "none":
            return _Zero(stride)
        case "skip_connect":
            return nn.Identity() if stride == 1 else _Reduce(channels, channels)
        case "max_pool_3x3":
            return nn.Sequential(nn.MaxPool2d(3, stride, 1), _normalisation(channels))
        case "avg_pool_3x3":
            pool = nn.AvgPool2d(3, stride, 1, count_include_pad=False)
            return nn.Sequential(pool, _normalisation(channels))
    size = int(name[-1])
    if name.startswith("sep_conv"):
        first = _separable(channels, size, stride, 1)
        return nn.Sequential(*first, *_separable(channels, size, 1, 1))
    return nn.Sequential(*_separable(channels, size, stride, 2))


def _separable(channels: int, size: int, stride: int, dilation: int) -> list[nn.Module]:
    padding = dilation * (size - 1) // 2
    depthwise = nn.Conv2d(
        channels, channels, size, stride, padding, dilation, groups=channels, bias=False
    )
    pointwise = nn.Conv2d(channels, channels, 1, bias=False)
    return [nn.ReLU(), depthwise, pointwise, _normalisation(channels)]


@torch.no_grad()
def copy_weights(source: Supernet, to: UsualSupernet) -> None:
    """Give `to` the weights of `source`, operation by operation."""
    to.stem.load_state_dict(source.stem.state_dict())
    to.head.load_state_dict(source.head.state_dict())
    folded: Any
    usual: Any
    for folded, usual in zip(source.cells, to.cells, strict=True):
        for mine, theirs in ((folded.before, usual.before), (folded.last, usual.last)):
            if isinstance(mine, FoldedReduce):
                theirs.even.weight.copy_(mine.even)
                theirs.odd.weight.copy_(mine.odd)
            else:
                theirs[1].weight.copy_(mine.weight)
        for group in (group for node in folded.nodes for group in node):
            for column, name in enumerate(group.operations):
                _copy_operation(
                    group, name, [usual.edges[e].candidates[column] for e in group.edges]
                )


def _copy_operation(group: Any, name: str, targets: Sequence[nn.Module]) -> None:
    stacked = [w for key, w in group.weights.items() if key.partition(":")[0] == name]
    for place, target in enumerate(targets):
        convolutions = [m for m in target.modules() if isinstance(m, nn.Conv2d)]
        for weight, convolution in zip(stacked, convolutions, strict=True):
            convolution.weight.copy_(weight.unflatten(0, (len(targets), -1))[place])
