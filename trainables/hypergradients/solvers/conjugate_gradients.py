"""Conjugate gradients: the best v that so many products with a positive Hessian can give.

M. R. Hestenes and E. Stiefel, Methods of Conjugate Gradients for Solving Linear Systems, Journal of
Research of the National Bureau of Standards 49 (1952). For hypergradients: F. Pedregosa,
Hyperparameter Optimization with Approximate Gradient, ICML 2016, arXiv:1602.02355.
"""

from dataclasses import dataclass

from automl_on_ray.trainables.hypergradients.problem import Tensors
from automl_on_ray.trainables.hypergradients.solvers._solver import Hvp, dot, plus


@dataclass(frozen=True)
class ConjugateGradients:
    """(H + damping) v = right, with one product an iteration.

    It ends after `iterations`, or when the residual's norm is `tolerance` of that of the right
    side. As many iterations as there are weights give the exact v, but for rounding. Away from a
    minimum H may have negative curvature: where p'(H + damping)p <= 0 it ends with the v that it
    has, or at once with the right side (Nocedal and Wright 2006, algorithm 7.1).
    """

    iterations: int = 20
    tolerance: float = 1e-10
    damping: float = 0.0

    def __call__(self, hvp: Hvp, right: Tensors) -> Tensors:
        found = {name: tensor * 0 for name, tensor in right.items()}
        residual = direction = right
        squared = dot(right, right)
        enough = self.tolerance**2 * squared
        for iteration in range(self.iterations):
            if squared <= enough:
                break
            image = plus(hvp(direction), self.damping, direction)
            curvature = dot(direction, image)
            if not curvature > 0:
                return found if iteration else right
            step = squared / curvature
            found = plus(found, step, direction)
            residual = plus(residual, -step, image)
            before, squared = squared, dot(residual, residual)
            direction = plus(residual, squared / before, direction)
        return found
