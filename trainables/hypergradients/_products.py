"""Gradients of dicts of tensors, and their products with vectors."""

import torch
from torch import Tensor

from automl_on_ray.trainables.hypergradients.problem import Tensors


def gradient_of(total: Tensor, by: Tensors, *, create_graph: bool = True) -> Tensors:
    """Of a scalar; 0 where it does not depend on it."""
    if not total.requires_grad:
        return {name: torch.zeros_like(one) for name, one in by.items()}
    found = torch.autograd.grad(
        total, list(by.values()), create_graph=create_graph, materialize_grads=True
    )
    return dict(zip(by, found, strict=True))


def product(gradient: Tensors, vector: Tensors, by: Tensors) -> Tensors:
    """The derivative of <gradient, vector>, like `by`; the gradient's graph is kept."""
    names = [name for name, one in gradient.items() if one.requires_grad]
    if not names:
        return {name: torch.zeros_like(one) for name, one in by.items()}
    found = torch.autograd.grad(
        [gradient[name] for name in names],
        list(by.values()),
        [vector[name] for name in names],
        retain_graph=True,
        materialize_grads=True,
    )
    return dict(zip(by, found, strict=True))
