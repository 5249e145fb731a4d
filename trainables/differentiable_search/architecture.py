"""The architecture parameters of a supernet: alpha, perhaps beta, and what they stand for."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.cells import CELLS, EDGES, NONE, decode
from automl_on_ray.trainables.differentiable_search.relaxations import (
    find_relaxation,
    flatness,
    mixed,
    normalised_edges,
    two_inputs,
    zero_one,
)

Mixing = tuple[dict[str, Tensor], dict[str, Tensor] | None]  # of operations, of edges
INITIAL_SPREAD = 1e-3  # of alpha and beta, as published
TARGETS = [node for _, node in EDGES]


class Architecture:
    """Logits alpha (E, O) of both cells and, with `edge_weights`, PC-DARTS's beta (E,).

    `exists[cell]` (E, O) says which operations an edge has; None: all.
    """

    def __init__(
        self,
        operations: Sequence[str],
        *,
        relaxation: str = "softmax",
        edge_weights: bool = False,
        exists: Mapping[str, Tensor] | None = None,
        generator: Generator,
    ) -> None:
        self.operations = tuple(operations)
        self.relaxation = find_relaxation(relaxation)
        self._exists = exists if self.relaxation.learned else self._without_none(exists)
        self.alpha = {cell: _small((len(EDGES), len(self.operations)), generator) for cell in CELLS}
        self.beta = {cell: _small((len(EDGES),), generator) for cell in CELLS if edge_weights}

    @property
    def parameters(self) -> list[Tensor]:
        return [*self.alpha.values(), *self.beta.values()]

    def sample(self, progress: float, generator: Generator) -> Mixing:
        """What a training step mixes with; differentiable in alpha and beta."""
        mixing, edges = self._mixing(
            lambda alpha: self.relaxation.sample(alpha, progress, generator)
        )
        if not self.relaxation.learned:
            # Of all edges at once, sums would be wider than those that the weights are used in.
            mixing = {
                c: m * two_inputs(TARGETS, generator).to(m)[:, None] for c, m in mixing.items()
            }
        return mixing, edges

    def expected(self) -> Mixing:
        """What the supernet is evaluated with."""
        return self._mixing(self.relaxation.expected)

    def derived(self) -> Config:
        """The cells that these parameters stand for."""
        with torch.no_grad():
            mixing, edges = self._mixing(self.relaxation.ranking)
        if edges is not None:
            mixing = {cell: mixing[cell] * edges[cell][:, None] for cell in CELLS}
        if self._exists is not None:  # an operation that an edge lacks is never the largest
            mixing = {
                cell: mixing[cell].masked_fill(~self._exists[cell].to(mixing[cell].device), -1.0)
                for cell in CELLS
            }
        return decode(mixing, self.operations)

    def entropy(self) -> float:
        """Mean over edges of the entropy of softmax(alpha), as a share of the largest possible."""
        shares = []
        for cell, alpha in self.alpha.items():
            exists = self._exists[cell] if self._exists is not None else None
            weights = mixed(lambda a: a.softmax(1), alpha.detach(), exists)
            counts = torch.full((len(EDGES),), float(weights.shape[1]))
            if exists is not None:
                counts = exists.sum(1).float()
            entropy = -torch.special.xlogy(weights, weights).sum(1)
            shares.append(entropy.cpu()[counts > 1] / counts[counts > 1].log())
        joined = torch.cat(shares)
        return float(joined.mean()) if len(joined) else 0.0

    def regulariser(self, *, zero_one_weight: float, flatness_weight: float) -> Tensor | float:
        """FairDARTS's and DrNAS's terms of the loss that alpha learns from."""
        total: Tensor | float = 0.0
        for alpha in self.alpha.values():
            if zero_one_weight:
                total = total + zero_one_weight * zero_one(alpha)
            if flatness_weight:
                total = total + flatness_weight * flatness(alpha)
        return total

    def state(self) -> dict[str, Any]:
        return {
            "operations": list(self.operations),
            "alpha": {cell: alpha.detach().cpu().clone() for cell, alpha in self.alpha.items()},
            "beta": {cell: beta.detach().cpu().clone() for cell, beta in self.beta.items()},
        }

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Any]) -> None:
        """In place, so that an optimiser of these parameters still is. `beta` may be missing."""
        for kind, own in (("alpha", self.alpha), ("beta", self.beta)):
            for cell, tensor in own.items():
                if cell in state[kind]:
                    tensor.copy_(state[kind][cell])

    def _without_none(self, exists: Mapping[str, Tensor] | None) -> dict[str, Tensor]:
        derivable = torch.tensor([name != NONE for name in self.operations])
        every = derivable.expand(len(EDGES), -1)
        return {cell: every if exists is None else exists[cell] & every for cell in CELLS}

    def _mixing(self, function: Any) -> Mixing:
        exists = self._exists
        operations = {
            cell: mixed(function, alpha, exists[cell] if exists is not None else None)
            for cell, alpha in self.alpha.items()
        }
        if not self.beta:
            return operations, None
        return operations, {cell: normalised_edges(b, TARGETS) for cell, b in self.beta.items()}


def _small(shape: tuple[int, ...], generator: Generator) -> Tensor:
    noise = torch.randn(shape, generator=generator, device=generator.device)
    return (INITIAL_SPREAD * noise).requires_grad_()
