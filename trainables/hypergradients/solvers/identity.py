"""v = right side, as if the Hessian were 1: no product of it is needed.

J. Luketina, M. Berglund, K. Greff and T. Raiko, Scalable Gradient-Based Tuning of Continuous
Regularization Hyperparameters, ICML 2016, arXiv:1511.06727 ("T1 - T2"). Its direction is often good
enough for an outer optimiser that normalises, such as Adam. Its size means nothing.
"""

from dataclasses import dataclass

from automl_on_ray.trainables.hypergradients.problem import Tensors
from automl_on_ray.trainables.hypergradients.solvers._solver import Hvp


@dataclass(frozen=True)
class Identity:
    """The least that can be done: the training loss is differentiated once."""

    def __call__(self, hvp: Hvp, right: Tensors) -> Tensors:
        return right
