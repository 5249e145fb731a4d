"""Arithmetic of a supernet: batch normalisation folded into convolutions, channels-last.

For z = W x with x of mean m and covariance C over all pixels, z has mean W m and variance
diag(W C W'), so BN(z) = s W (x - m) with s = 1 / sqrt(diag(W C W') + epsilon): a convolution again.
All of it is differentiable, twice too.
"""

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp.autocast_mode import is_autocast_available
from torch.nn import functional as F

from automl_on_ray.search_spaces.supernet.recompute import Value

EPSILON = 1e-5  # of batch normalisation
Grid = tuple[int, int, int]  # images, rows, columns


def matrix(x: Tensor) -> Tensor:
    """(B, C, H, W) channels-last -> (N, C), the same memory."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def image(x: Tensor, grid: Grid) -> Tensor:
    """(N, C) -> (B, C, H, W) channels-last, the same memory."""
    return x.reshape(*grid, -1).permute(0, 3, 1, 2)


def grid_of(x: Tensor) -> Grid:
    return x.shape[0], x.shape[2], x.shape[3]


def without_autocast(x: Tensor) -> AbstractContextManager[None]:
    """Statistics and the weights that follow from them are not for bfloat16."""
    kind = x.device.type
    return torch.autocast(kind, enabled=False) if is_autocast_available(kind) else nullcontext()


def at_least_float32(x: Tensor) -> Tensor:
    return x if x.dtype.itemsize >= 4 else x.float()


class _Moments(torch.autograd.Function):
    """(B, G * C, H, W) -> itself, its mean (G * C,) and its mean outer product (G, C, C).

    It is passed through so that the way back adds to its other gradient in place, in one product.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, groups: int) -> tuple[Tensor, Tensor, Tensor]:
        ctx.save_for_backward(x)
        ctx.groups = groups
        flat = at_least_float32(matrix(x))
        grouped = flat.view(len(flat), groups, -1)
        with without_autocast(x):
            second = torch.bmm(grouped.permute(1, 2, 0), grouped.permute(1, 0, 2))
        return x.view_as(x), flat.sum(0) / len(flat), second / len(flat)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        passed, of_mean, of_second = gradients
        flat = matrix(x)
        grouped = flat.view(len(flat), ctx.groups, -1).permute(1, 0, 2)
        symmetric = ((of_second + of_second.transpose(1, 2)) / len(flat)).to(x.dtype)
        total = matrix(passed) + (of_mean / len(flat)).to(x.dtype)
        sums = total.view(len(flat), ctx.groups, -1).permute(1, 0, 2)
        if torch.is_grad_enabled():  # to be differentiated again
            with without_autocast(x):
                sums = torch.baddbmm(sums, grouped, symmetric)
            return image(sums.permute(1, 0, 2).flatten(1), grid_of(x)), None
        sums.baddbmm_(grouped, symmetric)
        return image(total, grid_of(x)), None


class Spread(torch.autograd.Function):
    """(N, C) -> itself, and the means and variances (K,) of its first K columns.

    It is passed through for the reason that `_Moments` gives.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, columns: int) -> tuple[Tensor, Tensor, Tensor]:
        # Sums in float32, whatever x is.
        kept = at_least_float32(x[:, :columns])
        mean = kept.sum(0) / len(kept)
        variance = (kept - mean).square_().mean(0)  # torch.var_mean takes six times as long
        ctx.save_for_backward(x, mean)
        ctx.columns = columns
        return x.view_as(x), mean, variance

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        x, mean = ctx.saved_tensors
        passed, of_mean, of_variance = gradients
        slope = of_variance * (2 / len(x))
        shift = (of_mean / len(x) - slope * mean).to(x.dtype)
        first = passed[:, : ctx.columns] + shift
        found = torch.addcmul(first, x[:, : ctx.columns], slope.to(x.dtype))
        rest = passed[:, ctx.columns :]
        return torch.cat([found, rest], 1) if rest.shape[1] else found, None


def normalised(x: Tensor, weight: Tensor, groups: int) -> tuple[Tensor, Tensor, Tensor]:
    """`x`, weight s W (G, O, C) of the convolution of it that is BN(weight x), and means (G, C).

    `x` is (B, G * C, H, W), `weight` (G * O, C, 1, 1) that of G groups.
    """
    weight = weight.flatten(1).unflatten(0, (groups, -1))
    x, mean, second = _Moments.apply(x, groups)
    mean = mean.view(groups, -1)
    with without_autocast(x):
        covariance = second - mean[:, :, None] * mean[:, None, :]
        variance = ((weight @ covariance) * weight).sum(2).clamp_min(0)
    return x, weight * torch.rsqrt(variance + EPSILON)[:, :, None], mean


def centred(x: Tensor, weight: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """`weight` (..., C, O) as it will meet `x`, and the bias (..., O) that centres it.

    The bias follows from the rounded weight, or a bfloat16 product would keep some of the mean.
    """
    weight = weight.to(x.dtype).to(weight.dtype)
    with without_autocast(x):
        return weight, -(mean[..., None, :] @ weight)[..., 0, :]


def mixed(weight: Tensor, mixing: Tensor) -> Tensor:
    """Weights (G, O, C) of groups that are summed, by `mixing` (G,): (G * C, O)."""
    return (mixing[:, None, None] * weight).transpose(1, 2).flatten(0, 1)


class Total:
    """A sum of images (B, C, H, W), each given as a matrix (N, K) and weights (K, C)."""

    def __init__(self, like: Tensor, stride: int) -> None:
        batch, _, height, width = like.shape
        self._grid: Grid = (batch, -(-height // stride), -(-width // stride))
        self._bias = like.new_zeros(like.shape[1])
        self._whole: list[tuple[Tensor, Tensor]] = []
        self._quarters: list[tuple[Tensor, Tensor]] = []
        self._values: list[Value] = []  # of the matrices, until they are used

    def add(self, x: Tensor, weight: Tensor, bias: Tensor, *, quarters: bool = False) -> None:
        """Add `x @ weight + bias`; `quarters` if `x` has the order of `to_quarters`."""
        self._bias = self._bias + bias
        (self._quarters if quarters else self._whole).append((x, weight))

    def add_mixed(
        self, value: Value, weight: Tensor, mixing: Tensor, *, quarters: bool = False
    ) -> None:
        """Add the sum over groups of mixing (G,) times BN(weight x) of x (B, G * C, H, W)."""
        x, scaled, mean = normalised(value.tensor, weight, len(mixing))
        self._values.append(value)
        self.add(matrix(x), *centred(x, mixed(scaled, mixing), mean.flatten()), quarters=quarters)

    def image(self) -> Tensor:
        start = self._bias.expand(math.prod(self._grid), -1)
        if self._quarters:
            start = from_quarters(_sum_of_products(self._quarters, None), self._grid) + self._bias
        return image(_sum_of_products(self._whole, start), self._grid)


def _sum_of_products(terms: Sequence[tuple[Tensor, Tensor]], start: Tensor | None) -> Tensor:
    total = start
    for x, weight in terms:
        total = x @ weight if total is None else torch.addmm(total, x, weight)
    assert total is not None
    return total


def to_quarters(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (4 B, C, H / 2, W / 2): even and odd rows and columns; both sides even."""
    batch, channels, height, width = x.shape
    split = x.permute(0, 2, 3, 1).reshape(batch, height // 2, 2, width // 2, 2, channels)
    moved = split.permute(2, 4, 0, 1, 3, 5).reshape(-1, height // 2, width // 2, channels)
    return moved.permute(0, 3, 1, 2)


def from_quarters(x: Tensor, grid: Grid) -> Tensor:
    """The matrix (N, C) of such quarters -> the matrix of whole images."""
    batch, height, width = grid
    split = x.view(2, 2, batch, height // 2, width // 2, -1)
    return split.permute(2, 3, 0, 4, 1, 5).reshape(batch * height * width, -1)


def odd_pixels(x: Tensor) -> Tensor:
    """Odd rows and columns, as many as the even ones: zeros where the image ends."""
    height, width = x.shape[2:]
    if height % 2 or width % 2:
        x = F.pad(x, (0, width % 2, 0, height % 2))
    return x[:, :, 1::2, 1::2].contiguous(memory_format=torch.channels_last)


def even_pixels(x: Tensor) -> Tensor:
    """Even rows and columns."""
    return x[:, :, ::2, ::2].contiguous(memory_format=torch.channels_last)


def uniform(outputs: int, *rest: int) -> nn.Parameter:
    """A convolution's initial weights, as PyTorch's own."""
    bound = 1 / math.sqrt(math.prod(rest))
    return nn.Parameter(torch.empty(outputs, *rest).uniform_(-bound, bound))
