"""The Neumann series: v = a sum over j < terms of (1 - a H)^j right side, for a step size a.

J. Lorraine, P. Vicol and D. Duvenaud, Optimizing Millions of Hyperparameters by Implicit
Differentiation, AISTATS 2020, arXiv:1911.02590, algorithm 3. It equals differentiating so many
steps of gradient descent at the minimum. Conjugate gradients come nearer with as many products;
this is linear in the right side, and bears with a Hessian that is not quite symmetric or positive.
"""

from dataclasses import dataclass

from automl_on_ray.trainables.hypergradients.problem import Tensors
from automl_on_ray.trainables.hypergradients.solvers._solver import Hvp, plus


@dataclass(frozen=True)
class Neumann:
    """`terms` - 1 products. One term is the right side, times `step_size`.

    The sum converges where `step_size` is below 2 / the largest eigenvalue of H; what is left falls
    by 1 - step_size * smallest eigenvalue a term. A learning rate at which training by plain
    gradient descent is stable will do.
    """

    step_size: float
    terms: int = 5

    def __call__(self, hvp: Hvp, right: Tensors) -> Tensors:
        term = found = right
        for _ in range(self.terms - 1):
            term = plus(term, -self.step_size, hvp(term))
            found = plus(found, 1, term)
        return {name: self.step_size * tensor for name, tensor in found.items()}
