"""How much the tasks of a multi-task model have in common."""

from typing import Any

import torch
from botorch.models.utils.priors import BetaPrior
from gpytorch.kernels import Kernel
from gpytorch.priors import NormalPrior
from torch import Tensor
from torch.nn import Parameter

FIRST_RAW_SHARE = 1.4  # a share of 0.8: where a fit starts, tasks correlate by 0.64
SCALES = 1.5  # of the logarithms of tasks' scales, one standard deviation


class TaskKernel(Kernel):
    """Covariances of tasks, which all have something in common, more or less.

    A task is a share of that, and the rest its own: two correlate by the product of their shares.
    Each has a scale. BoTorch's kernel fixes today's scale at that of today's results; where these
    are the best of other studies, they differ less among each other than all of the space does, and
    the model would have to take what the sources say for noise.
    """

    def __init__(self, count: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.register_parameter("log_scales", Parameter(torch.zeros(count)))
        self.register_parameter("raw_shares", Parameter(torch.full((count,), FIRST_RAW_SHARE)))
        self.register_prior("scales_prior", NormalPrior(0.0, SCALES), lambda one: one.log_scales)
        self.register_prior("correlations_prior", BetaPrior(2.5, 1.5), lambda one: one.pairs)

    @property
    def correlations(self) -> Tensor:
        """Of each task with each, (tasks, tasks), 0 to 1."""
        shares = self.raw_shares.sigmoid()
        return torch.outer(shares, shares) + (1 - shares.square()).diag()

    @property
    def covariances(self) -> Tensor:
        """(tasks, tasks)."""
        scales = self.log_scales.exp()
        return self.correlations * torch.outer(scales, scales)

    @property
    def pairs(self) -> Tensor:
        """The correlation of each pair of tasks, (pairs,)."""
        count = len(self.raw_shares)
        rows, columns = torch.tril_indices(count, count, offset=-1)
        return self.correlations[rows, columns]

    def forward(self, x1: Tensor, x2: Tensor, diag: bool = False, **_: Any) -> Tensor:
        """GPyTorch's: covariances of rows (..., n, 1) and (..., m, 1) that hold tasks' numbers."""
        ours, theirs = x1[..., 0].long(), x2[..., 0].long()
        if diag:
            return self.covariances.diagonal()[ours]
        return self.covariances[ours.unsqueeze(-1), theirs.unsqueeze(-2)]
