"""Nyström's method: a Hessian of low rank, from some of its columns.

R. Hataya and M. Yamada, Nyström Method for Accurate and Scalable Implicit Differentiation, AISTATS
2023, arXiv:2302.09726. With k columns C = H[:, K] and their rows W = H[K, K],

    v = (C W^-1 C' + rho)^-1 right side.

For networks with many more weights than examples, whose Hessian has few large eigenvalues. Outside
of the columns' span the Hessian is taken for `rho`: where it is of full rank, conjugate gradients
are far better with as many products.
"""

from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor

from automl_on_ray.trainables.hypergradients.problem import Tensors
from automl_on_ray.trainables.hypergradients.solvers._solver import Hvp


@dataclass(frozen=True)
class Nystrom:
    """`rank` products, each with a unit vector; all columns where there are no more weights.

    Exact for H + rho where the rank of H is no larger. The columns, `rank` times the weights in
    memory, are drawn anew in each call, by `generator` or by torch's own.
    """

    rank: int = 10
    rho: float = 0.01
    generator: Generator | None = field(default=None, compare=False)

    def __call__(self, hvp: Hvp, right: Tensors) -> Tensors:
        vector = _flat(right)
        drawn = torch.randperm(len(vector), generator=self.generator)[: self.rank]
        drawn = drawn.to(vector.device)
        columns = torch.stack(
            [_flat(hvp(_like(right, _unit(vector, index)))) for index in drawn], dim=1
        )
        return _like(right, _solved(columns, drawn, vector, self.rho))


def _solved(columns: Tensor, drawn: Tensor, vector: Tensor, rho: float) -> Tensor:
    """By the eigenvalues of C W^-1 C', (n, n), of rank k at most; columns: (n, k).

    The paper's formula is equal, but loses as many digits as rho is small. Negative eigenvalues,
    which a Hessian has away from a minimum, count as 0.
    """
    basis, triangle = torch.linalg.qr(columns)
    inner = torch.linalg.pinv((columns[drawn] + columns[drawn].mT) / 2, hermitian=True)
    values, turned = torch.linalg.eigh(triangle @ inner @ triangle.mT)
    vectors = basis @ turned
    gains = 1 / (values.clamp(min=0) + rho) - 1 / rho
    return vector / rho + vectors @ (gains * (vectors.mT @ vector))


def _unit(like: Tensor, index: Tensor) -> Tensor:
    return torch.zeros_like(like).index_fill(0, index, 1)


def _flat(tensors: Tensors) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors.values()])


def _like(tensors: Tensors, vector: Tensor) -> Tensors:
    parts = vector.split([tensor.numel() for tensor in tensors.values()])
    shaped = zip(tensors.items(), parts, strict=True)
    return {name: part.view_as(tensor) for (name, tensor), part in shaped}
