"""The dominant eigenvalue of the Hessian with respect to alpha: a search's warning of collapse."""

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor


def dominant_eigenvalue(
    loss: Callable[[], Tensor],
    alpha: Sequence[Tensor],
    *,
    generator: Generator,
    iterations: int = 20,
    tolerance: float = 1e-3,
) -> float:
    """The Hessian's eigenvalue of largest size (Zela et al. 2020, arXiv:1909.09656, section 4).

    By Lanczos iteration with at most `iterations` Hessian-vector products, each as costly as two or
    three gradients; fewer if the error's bound falls below `tolerance`, relative. The estimate is
    never larger in size than the eigenvalue; nan where the Hessian is not finite.
    """
    gradients = torch.autograd.grad(loss(), list(alpha), create_graph=True)
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])

    def product(vector: Tensor) -> Tensor:
        along = torch.autograd.grad(
            flat, list(alpha), vector.to(flat), retain_graph=True, allow_unused=True,
            materialize_grads=True,
        )  # fmt: skip
        return torch.cat([part.reshape(-1) for part in along]).double()

    start = torch.randn(flat.numel(), generator=generator, device=generator.device).double()
    return _lanczos(product, start, min(iterations, flat.numel()), tolerance)


def _lanczos(
    product: Callable[[Tensor], Tensor], start: Tensor, iterations: int, tolerance: float
) -> float:
    """Largest Ritz value in size. All vectors are kept orthogonal: they are short, and few."""
    basis, images = start.new_empty(0, len(start)), start.new_empty(0, len(start))
    vector = start / start.norm()
    for _ in range(iterations):
        basis = torch.cat([basis, vector[None]])
        images = torch.cat([images, product(vector)[None]])
        if not images.isfinite().all():
            return float("nan")
        projected = basis @ images.T
        values, vectors = torch.linalg.eigh((projected + projected.T) / 2)
        index = values.abs().argmax()
        residual = images[-1]
        for _ in range(2):  # once leaves rounding errors
            residual = residual - basis.T @ (basis @ residual)
        beta = residual.norm()
        if beta * vectors[-1, index].abs() <= tolerance * values[index].abs():
            break
        vector = residual / beta
    return float(values[index])
