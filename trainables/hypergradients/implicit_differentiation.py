"""The hypergradient at a minimum of the training loss, whatever way has led there.

With F = train_loss + penalty, whose gradient by the weights w is 0 there, the implicit function
theorem gives

    dL_val/dhyper = - v' d2F/dw dhyper,  where  (d2F/dw2) v = dL_val/dw

(Bengio 2000; Pedregosa 2016, arXiv:1602.02355; Lorraine et al. 2020, arXiv:1911.02590). A `Solver`
finds v by products of the Hessian with vectors. Neither their number nor the memory depends on how
many hyperparameters there are, or how many steps of training there were.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from automl_on_ray.trainables.hypergradients._products import gradient_of, product
from automl_on_ray.trainables.hypergradients.by_example import by_example, mixed_product
from automl_on_ray.trainables.hypergradients.problem import (
    Hypergradient,
    Problem,
    Tensors,
    detached,
    leaves,
)
from automl_on_ray.trainables.hypergradients.solvers import Solver

PRECISE = (torch.float32, torch.float64)


def implicit(
    problem: Problem,
    weights: Tensors,
    hyper: Tensors,
    train_batch: Any,
    val_batch: Any,
    *,
    solver: Solver,
) -> Hypergradient:
    """Of the validation loss of `val_batch`, as if `weights` were a minimum for `train_batch`.

    The larger `train_batch` is, the better: it stands for all of the training data. The gradient of
    its loss is built once, at the first product that `solver` asks for; a problem that is
    `ByExample` needs none after these. `state` of what is returned is empty. ValueError unless all
    weights are float32 or float64; autocast is off.
    """
    for name, weight in weights.items():
        if weight.dtype not in PRECISE:
            raise ValueError(f"{name} is {weight.dtype}: second derivatives need float32 or more")
    weights, hyper = leaves(weights), leaves(hyper)
    with _twice_differentiable(next(iter(weights.values())).device.type):
        loss = problem.val_loss(weights, val_batch)
        right = gradient_of(loss, weights, create_graph=False)

        @functools.cache
        def inner() -> Tensors:
            total = problem.train_loss(weights, hyper, train_batch)
            return gradient_of(total + problem.penalty(weights, hyper), weights)

        vector = detached(solver(lambda v: product(inner(), v, weights), right))
        if examples := by_example(problem):
            mixed = mixed_product(examples, weights, hyper, train_batch, vector)
        else:
            mixed = product(inner(), vector, hyper)
    gradient = {key: -one for key, one in mixed.items()}
    return Hypergradient(loss.detach(), gradient, detached(weights), {})


@contextmanager
def _twice_differentiable(device: str) -> Iterator[None]:
    """Without autocast, and with attention by a formula that has a second derivative."""
    with torch.autocast(device, enabled=False), sdpa_kernel(SDPBackend.MATH), torch.enable_grad():
        yield
