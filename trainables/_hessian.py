"""The dominant eigenvalue of the Hessian with respect to alpha: a search's warning of collapse."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh
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

    By Lanczos iteration with Hessian-vector products, each as costly as two gradients. `tolerance`
    is relative. The best estimate so far if `iterations` products a round do not suffice.
    """
    gradients = torch.autograd.grad(loss(), list(alpha), create_graph=True)
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    size = flat.numel()

    def product(vector: np.ndarray) -> np.ndarray:
        direction = torch.as_tensor(vector.reshape(-1)).to(flat)
        along = torch.autograd.grad(
            flat, list(alpha), direction, retain_graph=True, allow_unused=True,
            materialize_grads=True,
        )  # fmt: skip
        return torch.cat([part.reshape(-1) for part in along]).double().cpu().numpy()

    if size < 3:  # too small for ARPACK
        matrix = np.stack([product(row) for row in np.eye(size)])
        values = np.linalg.eigvalsh((matrix + matrix.T) / 2)
    else:
        start = torch.randn(size, generator=generator, device=generator.device).double().cpu()
        operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
        try:
            values = eigsh(
                operator, k=1, which="LM", v0=start.numpy(), ncv=min(size, iterations),
                maxiter=3, tol=tolerance, return_eigenvectors=False,
            )  # fmt: skip
        except ArpackNoConvergence as error:
            values = error.eigenvalues
    if not len(values):
        return float("nan")
    return float(values[np.abs(values).argmax()])
