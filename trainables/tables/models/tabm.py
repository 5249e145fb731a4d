"""TabM: many multilayer perceptrons that share their weights (Gorishniy et al. 2024, 2410.24210).

Each of the k members scales the inputs and outputs of the shared layers by vectors of its own
(BatchEnsemble, Wen et al. 2020). Numbers are embedded (Gorishniy et al. 2022, 2203.05556).
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

EMBEDDING_WIDTH = 8  # of one number
FREQUENCIES, FREQUENCY_SCALE = 16, 0.1


class TabM(nn.Module):
    """(B, columns) -> (B, heads, outputs).

    `embedded` columns are embedded as `embedding` says, "none", "piecewise" or "periodic"; the
    others are taken as they are. `edges` (embedded, bins + 1) part the values of each; a row may
    end with infinities.
    """

    embedded: Tensor
    plain: Tensor

    def __init__(
        self, edges: Tensor, embedded: Tensor, *, columns: int, outputs: int, width: int,
        depth: int, heads: int, others: dict[str, Any],
    ) -> None:  # fmt: skip
        super().__init__()
        self.register_buffer("embedded", embedded)
        plain = torch.ones(columns, dtype=torch.bool)
        plain[embedded] = False
        self.register_buffer("plain", plain.nonzero().flatten())
        self.embedding = _embedding(others["embedding"], edges)
        each = 1 if isinstance(self.embedding, nn.Identity) else EMBEDDING_WIDTH
        size = len(embedded) * each + int(plain.sum())
        layers: list[nn.Module] = []
        for index in range(depth):
            layers += [
                SharedLinear(size, width, heads, first=not index),
                nn.ReLU(),
                nn.Dropout(others["dropout"]),
            ]
            size = width
        self.layers = nn.Sequential(*layers)
        bound = size**-0.5
        self.weights = nn.Parameter(torch.empty(heads, size, outputs).uniform_(-bound, bound))
        self.biases = nn.Parameter(torch.empty(heads, outputs).uniform_(-bound, bound))
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        numbers = self.embedding(x[:, self.embedded]).flatten(1)
        joined = torch.cat([numbers, x[:, self.plain]], dim=1)
        hidden = self.layers(joined[:, None].expand(-1, self.heads, -1))
        return torch.einsum("bkd,kdo->bko", hidden, self.weights) + self.biases


class SharedLinear(nn.Module):
    """(B, heads, inputs) -> (B, heads, outputs): one matrix, between two vectors for each head.

    Those before the `first` layer are random signs, so the heads differ; all others begin at one.
    """

    def __init__(self, inputs: int, outputs: int, heads: int, *, first: bool) -> None:
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound))
        signs = torch.randint(0, 2, (heads, inputs)) * 2.0 - 1.0
        self.before = nn.Parameter(signs if first else torch.ones(heads, inputs))
        self.after = nn.Parameter(torch.ones(heads, outputs))
        self.bias = nn.Parameter(torch.empty(heads, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.before) @ self.weight.T * self.after + self.bias


class Piecewise(nn.Module):
    """(B, numbers) -> (B, numbers, EMBEDDING_WIDTH): how far x has come through each bin."""

    edges: Tensor

    def __init__(self, edges: Tensor) -> None:
        super().__init__()
        count, bins = len(edges), edges.shape[1] - 1
        self.register_buffer("edges", edges)
        bound = EMBEDDING_WIDTH**-0.5
        self.line = nn.Parameter(torch.empty(count, EMBEDDING_WIDTH).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(count, EMBEDDING_WIDTH).uniform_(-bound, bound))
        self.pieces = nn.Parameter(torch.zeros(count, bins, EMBEDDING_WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        high = self.edges[:, 1:]
        low = torch.where(high.isfinite(), self.edges[:, :-1], 0.0)
        come = ((x[..., None] - low) / (high - low)).clamp(0, 1)  # nowhere in an infinite bin
        pieces = torch.einsum("bnt,ntd->bnd", come, self.pieces)
        return x[..., None] * self.line + self.bias + pieces


class Periodic(nn.Module):
    """(B, numbers) -> (B, numbers, EMBEDDING_WIDTH): waves of learned frequencies."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(torch.randn(count, FREQUENCIES) * FREQUENCY_SCALE)
        self.mix = nn.Linear(2 * FREQUENCIES, EMBEDDING_WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        angles = 2 * math.pi * x[..., None] * self.frequencies
        return torch.relu(self.mix(torch.cat([angles.cos(), angles.sin()], dim=-1)))


def _embedding(kind: str, edges: Tensor) -> nn.Module:
    if kind == "piecewise" and len(edges):
        return Piecewise(edges)
    if kind == "periodic" and len(edges):
        return Periodic(len(edges))
    return nn.Identity()
