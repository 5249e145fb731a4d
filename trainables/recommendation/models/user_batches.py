"""Users in batches, so that all of a batch's scores are one product of matrices."""

from collections.abc import Iterator

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

LEAST_EVENTS = 4096  # in a batch; as many as there are items, if these are more


def user_batches(
    matrix: sparse.csr_matrix, draw: torch.Generator, *, least: int = 1
) -> Iterator[Tensor]:
    """Codes of users with `least` events, each once, in an order by chance."""
    order = torch.randperm(matrix.shape[0], generator=draw)
    counts = torch.from_numpy(np.diff(matrix.indptr).astype(np.int64))[order]
    order, counts = order[counts >= least], counts[counts >= least]
    numbers = counts.cumsum(0) // max(LEAST_EVENTS, matrix.shape[1])
    sizes = torch.unique_consecutive(numbers, return_counts=True)[1]
    yield from order.split(sizes.tolist())
