"""DARTS's supernet (Liu et al. 2019, arXiv:1806.09055): every operation on every edge, mixed.

The mathematics is that of one module a candidate operation and edge; the arithmetic is not:

- A batch normalisation without affine of a pointwise convolution is that convolution with other
  weights, which follow from the mean and the covariance of its input. So is its mixing weight. All
  that ends in a node is then one matrix product a group, and no normalised tensor is ever stored.
- The edges into a node are one grouped convolution; ReLU, pooling and their statistics are done
  once a source; the operation none, which adds nothing, is not done.
- A dilated depthwise convolution is a plain one on the four half-size images of even and odd pixels
  (with stride 2: on the even ones alone), for which there is fast code.
- Images are channels-last throughout, so that (B, C, H, W) and the (N, C) matrix of all N = B H W
  pixels are two views of the same memory.

Batch normalisation uses the batch's statistics, always: running ones would be changed by passes
that only measure. Evaluate with large batches.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict, Unpack

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.search_spaces.cells import (
    CELLS,
    EDGES,
    FIRST,
    NODES,
    check_sizes,
    reductions,
)
from automl_on_ray.search_spaces.core import UserError, check_keywords
from automl_on_ray.search_spaces.domains import ImageShape
from automl_on_ray.search_spaces.supernet.arithmetic import even_pixels, odd_pixels, uniform
from automl_on_ray.search_spaces.supernet.edge_inputs import State
from automl_on_ray.search_spaces.supernet.edges import Edges
from automl_on_ray.search_spaces.supernet.recompute import Value, remaking


class SupernetSize(TypedDict, total=False):
    """Channels of the first cells, cells, and the stride of the first convolution."""

    channels: int
    layers: int
    stem_stride: int


class Supernet(nn.Module):
    """Images (B, channels, H, W) and mixing weights -> logits (B, classes).

    `operations` are the columns of the mixing matrices, `exists[cell]` (E, O) says which of them an
    edge has (None: all). `partial` is PC-DARTS's K (arXiv:1907.05737): operations see one channel
    of so many, the others pass by. `recompute` keeps no convolution's output for the way back but
    makes it again: a quarter less memory, a fifth more time. Raises UserError for images too small
    for two reductions.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        classes: int,
        *,
        operations: Sequence[str],
        exists: Mapping[str, Tensor] | None = None,
        partial: int = 1,
        recompute: bool = False,
        **size: Unpack[SupernetSize],
    ) -> None:
        super().__init__()
        check_keywords(size, SupernetSize)
        channels, layers = size.get("channels", 16), size.get("layers", 8)
        stem_stride = size.get("stem_stride", 1)
        check_sizes(image_shape, layers, stem_stride)
        if channels % partial:
            raise UserError(f"channels must be a multiple of partial={partial}, but is {channels}.")
        width = 3 * channels
        self.stem = nn.Sequential(
            nn.Conv2d(image_shape[0], width, 3, stem_stride, 1, bias=False),
            nn.BatchNorm2d(width, track_running_stats=False),
        )
        inputs, shrunk = (width, width), False
        self.cells = nn.ModuleList()
        for layer in range(layers):
            reduction = layer in reductions(layers)
            channels *= 1 + reduction
            name = CELLS[reduction]
            columns = [
                [o for o, _ in enumerate(operations) if exists is None or exists[name][e, o]]
                for e in range(len(EDGES))
            ]
            self.cells.append(
                Cell(name, inputs, channels, shrunk, tuple(operations), columns, partial, recompute)
            )
            inputs, shrunk = (inputs[1], NODES * channels), reduction
        self.head = nn.Linear(inputs[1], classes)

    def forward(
        self,
        images: Tensor,
        mixing: Mapping[str, Tensor],
        edge_weights: Mapping[str, Tensor] | None = None,
        *,
        sparse: bool = False,
    ) -> Tensor:
        """`mixing[cell]` is (E, O); with `sparse`, what is mixed with 0 is not computed.

        `edge_weights[cell]` (E,) are PC-DARTS's: of whole edges, with the channels that pass by.
        """
        with remaking():
            before = last = State(self.stem(images.contiguous(memory_format=torch.channels_last)))
            for cell in self.cells:
                assert isinstance(cell, Cell)
                edges = None if edge_weights is None else edge_weights[cell.name]
                before, last = last, cell(before, last, mixing[cell.name], edges, sparse)
            logits: Tensor = self.head(last.x.mean((2, 3)))
        return logits


def strides_of(edges: Sequence[int], reduction: bool) -> list[tuple[list[int], int]]:
    """`edges` by their stride: in a reduction, those from the cell's inputs halve the image."""
    halving = [edge for edge in edges if reduction and EDGES[edge][0] < FIRST]
    keeping = [edge for edge in edges if edge not in halving]
    return [(group, stride) for group, stride in ((halving, 2), (keeping, 1)) if group]


class Cell(nn.Module):
    """Two inputs to the concatenation of the intermediate nodes, NODES * channels."""

    def __init__(
        self,
        name: str,
        inputs: tuple[int, int],
        channels: int,
        shrunk: bool,
        operations: tuple[str, ...],
        columns: Sequence[Sequence[int]],
        partial: int,
        recompute: bool,
    ) -> None:
        super().__init__()
        self.name, self.reduction, self.partial = name, name == CELLS[1], partial
        self.before = (
            FactorizedReduce(inputs[0], channels) if shrunk else Squeeze(inputs[0], channels)
        )
        self.last = Squeeze(inputs[1], channels)
        self.mixed = channels // partial
        self.nodes = nn.ModuleList()
        for node in range(FIRST, FIRST + NODES):
            into = [e for e, (_, target) in enumerate(EDGES) if target == node]
            self.nodes.append(
                nn.ModuleList(
                    Edges(
                        group,
                        operations,
                        [columns[e] for e in group],
                        self.mixed,
                        stride,
                        recompute,
                    )
                    for group, stride in strides_of(into, self.reduction)
                )
            )

    def forward(
        self, before: State, last: State, mixing: Tensor, edges: Tensor | None, sparse: bool
    ) -> State:
        whole = [self.before(before.relu), self.last(last.relu)]
        states = [self._state(x) for x in whole]
        if edges is not None:
            mixing = mixing * edges[:, None]
        chosen = mixing.detach().ne(0).tolist() if sparse else None
        for node, groups in enumerate(self.nodes):
            assert isinstance(groups, nn.ModuleList)
            parts = [group(states, mixing, chosen) for group in groups]
            x = sum(parts[1:], parts[0])
            if self.partial > 1:
                x = self._with_passed(x, whole, node + 2, edges)
            whole.append(x)
            states.append(self._state(x))
        kept = [x.detach() for x in whole[2:]]
        return State(torch.cat(whole[2:], 1), lambda: torch.cat(kept, 1))

    def _state(self, x: Tensor) -> State:
        return State(x if self.partial == 1 else x[:, : self.mixed])

    def _with_passed(
        self, x: Tensor, whole: list[Tensor], node: int, edges: Tensor | None
    ) -> Tensor:
        """Node's mixed channels (B, C/K, H, W) with those passing by, shuffled as PC-DARTS does."""
        passed: list[Tensor] = []
        for e, (source, target) in enumerate(EDGES):
            if target != node:
                continue
            rest = whole[source][:, self.mixed :]
            if self.reduction and source < FIRST:
                rest = F.max_pool2d(rest, 2, 2, ceil_mode=True)
            if edges is not None:
                rest = rest * edges[e]
            passed.append(rest)
        b, _, h, w = x.shape
        joined = torch.cat([x, torch.stack(passed).sum(0)], 1)
        shuffled = joined.view(b, self.partial, self.mixed, h, w).transpose(1, 2)
        return shuffled.reshape(b, -1, h, w).contiguous(memory_format=torch.channels_last)


class FactorizedReduce(nn.Module):
    """Of what ReLU gave: half of the outputs from even and half from odd pixels, BN."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.even = uniform(outputs // 2, inputs, 1, 1)
        self.odd = uniform(outputs - outputs // 2, inputs, 1, 1)

    def forward(self, relu: Value) -> Tensor:
        x, again = relu.tensor, relu.again
        even = Value(even_pixels(x), lambda: even_pixels(again()))
        odd = Value(odd_pixels(x), lambda: odd_pixels(again()))
        halves = [F.conv2d(even.tensor, self.even), F.conv2d(odd.tensor, self.odd)]
        return F.batch_norm(torch.cat(halves, 1), None, None, training=True)


class Squeeze(nn.Module):
    """Of what ReLU gave: pointwise convolution, BN."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = uniform(outputs, inputs, 1, 1)

    def forward(self, relu: Value) -> Tensor:
        return F.batch_norm(F.conv2d(relu.tensor, self.weight), None, None, training=True)
