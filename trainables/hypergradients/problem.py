"""What an estimator must know of a training: losses and an update, of dicts of tensors.

A bilevel problem (Franceschi et al. 2018, arXiv:1806.04910): the weights minimise the training loss
for given hyperparameters, and the hyperparameters minimise the validation loss of these weights.
Weights, optimiser state and hyperparameters are flat dicts of tensors; nothing is done in place, so
that every quantity can be differentiated with respect to every other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from automl_on_ray.trainables.hypergradients.transforms import Transform

Tensors = dict[str, Tensor]


class Problem(Protocol):
    """A training, whose `hyper` are values that are tuned, by name. A batch is anything."""

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Any) -> Tensor:
        """A scalar: what a step of training descends."""

    def val_loss(self, weights: Tensors, batch: Any) -> Tensor:
        """A scalar, of data that `train_loss` never sees."""

    def update(
        self, weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors
    ) -> tuple[Tensors, Tensors]:
        """New weights and optimiser state, for the gradient of `train_loss`: see `updates`."""

    def penalty(self, weights: Tensors, hyper: Tensors) -> Tensor:
        """A scalar: what `update` descends beside `train_loss`, such as weight decay's part.

        Implicit differentiation needs it: the weights are stationary for the sum of both.
        """


@dataclass(frozen=True)
class Unconstrained:
    """`problem` as a function of raw values without bounds, which `transforms` makes hyper of."""

    problem: Problem
    transforms: Mapping[str, Transform]

    def values(self, raw: Tensors) -> Tensors:
        return {key: self.transforms[key].value(one) for key, one in raw.items()}

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Any) -> Tensor:
        return self.problem.train_loss(weights, self.values(hyper), batch)

    def val_loss(self, weights: Tensors, batch: Any) -> Tensor:
        return self.problem.val_loss(weights, batch)

    def update(
        self, weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors
    ) -> tuple[Tensors, Tensors]:
        return self.problem.update(weights, state, gradient, self.values(hyper))

    def penalty(self, weights: Tensors, hyper: Tensors) -> Tensor:
        return self.problem.penalty(weights, self.values(hyper))


@dataclass(frozen=True)
class WithConstants:
    """`problem` as one of some of its hyperparameters: the others are held at these `constants`."""

    problem: Problem
    constants: Tensors

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Any) -> Tensor:
        return self.problem.train_loss(weights, {**self.constants, **hyper}, batch)

    def val_loss(self, weights: Tensors, batch: Any) -> Tensor:
        return self.problem.val_loss(weights, batch)

    def update(
        self, weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors
    ) -> tuple[Tensors, Tensors]:
        return self.problem.update(weights, state, gradient, {**self.constants, **hyper})

    def penalty(self, weights: Tensors, hyper: Tensors) -> Tensor:
        return self.problem.penalty(weights, {**self.constants, **hyper})


@dataclass(frozen=True)
class Hypergradient:
    """Of the validation loss with respect to each hyperparameter, like these.

    `loss` is the validation loss that was differentiated, a scalar. `weights` and `state` are those
    that training has come to, detached; an estimator that does not train gives what it was given.
    """

    loss: Tensor
    gradient: Tensors
    weights: Tensors
    state: Tensors


def training_step(
    problem: Problem,
    weights: Tensors,
    state: Tensors,
    hyper: Tensors,
    batch: Any,
    *,
    differentiably: bool = False,
) -> tuple[Tensors, Tensors, Tensor]:
    """Weights, state and loss after one step; `differentiably`, all with their graph.

    The weights must require a gradient.
    """
    gradient, loss = training_gradient(
        problem, weights, hyper, batch, differentiably=differentiably
    )
    return *problem.update(weights, state, gradient, hyper), loss


def training_gradient(
    problem: Problem, weights: Tensors, hyper: Tensors, batch: Any, *, differentiably: bool = False
) -> tuple[Tensors, Tensor]:
    """The first half of a step: the gradient, like the weights, and the loss."""
    loss = problem.train_loss(weights, hyper, batch)
    found = torch.autograd.grad(
        loss, list(weights.values()), create_graph=differentiably, materialize_grads=True
    )
    return dict(zip(weights, found, strict=True)), loss


def leaves(tensors: Tensors) -> Tensors:
    """The same values without their graph, ready to be differentiated by."""
    return {name: tensor.detach().requires_grad_() for name, tensor in tensors.items()}


def detached(tensors: Tensors) -> Tensors:
    return {name: tensor.detach() for name, tensor in tensors.items()}
