"""Hyperparameters that weigh examples: thousands of them at the price of two forward passes.

Where train_loss = weighted(l(w), hyper) of a vector l of losses, one an example, the derivative of
its gradient along v is that of a scalar: d/de weighted(l + e l', hyper), where l' is the derivative
of l along v, found in forward mode. For weights of examples, l' is all of their hypergradients at
once (M. Ren, W. Zeng, B. Yang and R. Urtasun, Learning to Reweight Examples for Robust Deep
Learning, ICML 2018, arXiv:1803.09050, have it for one step of training).
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from automl_on_ray.trainables.hypergradients._products import gradient_of, product
from automl_on_ray.trainables.hypergradients.problem import (
    Problem,
    Tensors,
    Unconstrained,
    detached,
)


@runtime_checkable
class ByExample(Problem, Protocol):
    """A problem that says that hyperparameters act on losses of examples, and on `penalty`, alone.

    Its `train_loss(weights, hyper, batch)` is `weighted(example_losses(weights, batch), hyper,
    batch)`. Losses are differentiated in forward mode: an nn.LSTM on the CPU must be run within
    `torch.backends.mkldnn.flags(enabled=False)`.
    """

    def example_losses(self, weights: Tensors, batch: Any) -> Tensor:
        """(B,): of each example, before any hyperparameter."""

    def weighted(self, losses: Tensor, hyper: Tensors, batch: Any) -> Tensor:
        """A scalar: the training loss, of these losses."""


@dataclass(frozen=True)
class _UnconstrainedByExample(Unconstrained):
    problem: ByExample

    def example_losses(self, weights: Tensors, batch: Any) -> Tensor:
        return self.problem.example_losses(weights, batch)

    def weighted(self, losses: Tensor, hyper: Tensors, batch: Any) -> Tensor:
        return self.problem.weighted(losses, self.values(hyper), batch)


def by_example(problem: Problem) -> ByExample | None:
    """The same problem, if it says that its hyperparameters act by examples; None if not."""
    if isinstance(problem, Unconstrained):
        inner = by_example(problem.problem)
        return inner and _UnconstrainedByExample(inner, problem.transforms)
    return problem if isinstance(problem, ByExample) else None


def mixed_product(
    problem: ByExample, weights: Tensors, hyper: Tensors, batch: Any, vector: Tensors
) -> Tensors:
    """(d2(train_loss + penalty)/dhyper dw) vector, like hyper, which must require a gradient."""
    found = torch.func.jvp(
        lambda own: problem.example_losses(own, batch), (detached(weights),), (vector,)
    )
    losses, slopes = found[:2]
    losses = losses.detach().requires_grad_()
    by_losses = gradient_of(problem.weighted(losses, hyper, batch), {"losses": losses})
    by_weights = gradient_of(problem.penalty(weights, hyper), weights)
    weighing = product(by_losses, {"losses": slopes.detach()}, hyper)
    penalising = product(by_weights, vector, hyper)
    return {key: one + penalising[key] for key, one in weighing.items()}
