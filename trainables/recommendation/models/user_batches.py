"""Users in batches, so that all of a batch's scores are one product of matrices."""

from collections.abc import Iterator

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

MOST_EVENTS, STEPS = 4096, 16  # in a batch, and batches in a small epoch


def user_batches(
    matrix: sparse.csr_matrix, draw: torch.Generator, *, least: int = 1
) -> Iterator[Tensor]:
    """Codes of users with `least` events, each once, in an order by chance.

    A batch has as many events as there are items at least, as each step costs as much as these.
    """
    events = max(min(MOST_EVENTS, matrix.nnz // STEPS), matrix.shape[1])
    order = torch.randperm(matrix.shape[0], generator=draw)
    counts = torch.from_numpy(np.diff(matrix.indptr).astype(np.int64))[order]
    order, counts = order[counts >= least], counts[counts >= least]
    numbers = counts.cumsum(0) // events
    sizes = torch.unique_consecutive(numbers, return_counts=True)[1]
    yield from order.split(sizes.tolist())
