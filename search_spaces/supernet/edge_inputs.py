"""Inputs of a supernet's edges: a node's images, and what all edges out of it share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from automl_on_ray.search_spaces.supernet.arithmetic import (
    EPSILON,
    Spread,
    even_pixels,
    matrix,
    odd_pixels,
    to_quarters,
)
from automl_on_ray.search_spaces.supernet.recompute import Make, Recipe, Value

POOLS = ("max_pool_3x3", "avg_pool_3x3")  # the operations without weights that are normalised


@dataclass(frozen=True)
class Packed:
    """Operations without weights side by side, and what normalises them."""

    value: Value
    x: Tensor  # (N, K * C)
    factors: Tensor  # (K, C)
    means: Tensor  # (K, C), 0 for what is not normalised


class State:
    """A source (B, C, H, W), and what all edges out of it have in common."""

    def __init__(self, x: Tensor, make: Make | None = None) -> None:
        self.value = Value(x.contiguous(memory_format=torch.channels_last), make)
        self.x = self.value.tensor
        self._packed: dict[tuple[tuple[str, ...], int], Packed] = {}

    @cached_property
    def relu(self) -> Value:
        again = self.value.again
        # ReLU, which keeps what it is given rather than what it gives: others keep that anyway.
        return Value(F.threshold(self.x, 0.0, 0.0), lambda: F.relu(again()))

    def packed(self, kinds: tuple[str, ...], stride: int) -> Packed:
        """Of operations without weights, poolings first."""
        if (kinds, stride) not in self._packed:
            self._packed[kinds, stride] = self._pack(kinds, stride)
        return self._packed[kinds, stride]

    def _pack(self, kinds: tuple[str, ...], stride: int) -> Packed:
        again = self.value.again
        pool = Recipe(lambda: max_pool(again(), stride), self.x.device.type)

        def make() -> Tensor:
            return _beside([_without_weights(k, again(), stride, lambda: pool()[0]) for k in kinds])

        def pooled() -> Tensor:
            found: Tensor = MaxPool.apply(self.x, stride, pool)
            return found

        joined = _beside([_without_weights(kind, self.x, stride, pooled) for kind in kinds])
        kept = kinds == ("skip_connect",) or "noise" in kinds
        value = Value(joined, None if kept else make)
        pools, channels = sum(kind in POOLS for kind in kinds), self.x.shape[1]
        factors, means = (
            joined.new_ones(len(kinds), channels),
            joined.new_zeros(len(kinds), channels),
        )
        if pools:
            joined, mean, variance = Spread.apply(joined, pools * channels)
            factor = torch.rsqrt(variance + EPSILON).view(pools, -1)
            factors = torch.cat([factor, factors[pools:]])
            means = torch.cat([mean.view(pools, -1), means[pools:]])
        return Packed(value, joined, factors, means)


class MaxPool(torch.autograd.Function):
    """Max pooling that does not keep where the maxima are: their places take 8 bytes each."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, stride: int, pool: Callable[[], tuple[Tensor, Tensor]]
    ) -> Tensor:
        ctx.save_for_backward(x)
        ctx.stride, ctx.pool = stride, pool
        return max_pool(x, stride)[0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        found = torch.ops.aten.max_pool2d_with_indices_backward(
            gradient, x, [3, 3], [ctx.stride] * 2, [1, 1], [1, 1], False, ctx.pool()[1]
        )
        return found, None, None


def max_pool(x: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """3 x 3 maxima and their places."""
    values, places = F.max_pool2d(x, 3, stride, 1, return_indices=True)
    return values, places


class Joined:
    """What several sources have after ReLU, side by side: (B, G * C, H, W) and its parts."""

    def __init__(self, states: Sequence[State]) -> None:
        makes = [state.value.again for state in states]
        self.relu = states[0].relu
        if len(states) > 1:
            self.relu = Value(
                torch.cat([state.relu.tensor for state in states], 1),
                lambda: torch.cat([F.relu(make()) for make in makes], 1),
            )

    @cached_property
    def even(self) -> Value:
        return self._part(even_pixels)

    @cached_property
    def odd(self) -> Value:
        return self._part(odd_pixels)

    @cached_property
    def quarters(self) -> Value:
        return self._part(to_quarters)

    def _part(self, function: Callable[[Tensor], Tensor]) -> Value:
        again = self.relu.again
        return Value(function(self.relu.tensor), lambda: function(again()))


def _beside(parts: Sequence[Tensor]) -> Tensor:
    """Images (B, C, H, W) -> (N, K * C)."""
    rows = [matrix(part) for part in parts]
    return rows[0] if len(rows) == 1 else torch.cat(rows, 1)


def _without_weights(kind: str, x: Tensor, stride: int, pooled: Callable[[], Tensor]) -> Tensor:
    if kind == "max_pool_3x3":
        return pooled()
    if kind == "avg_pool_3x3":
        return F.avg_pool2d(x, 3, stride, 1, count_include_pad=False)
    if kind == "noise":
        return torch.randn_like(x[:, :, ::stride, ::stride])
    return x
