"""What a solver of (Hessian) v = right side is, and sums of dicts of tensors."""

from collections.abc import Callable
from typing import Protocol

from automl_on_ray.trainables.hypergradients.problem import Tensors

Hvp = Callable[[Tensors], Tensors]


class Solver(Protocol):
    """A frozen dataclass, in a file each."""

    def __call__(self, hvp: Hvp, right: Tensors) -> Tensors:
        """About the v for which hvp(v) = right; all like the weights.

        `hvp` is the product of the Hessian, which is symmetric, with a vector.
        """


def dot(one: Tensors, other: Tensors) -> float:
    return float(sum((one[name] * other[name]).sum() for name in one))


def plus(one: Tensors, factor: float, other: Tensors) -> Tensors:
    """one + factor * other"""
    return {name: tensor + factor * other[name] for name, tensor in one.items()}
