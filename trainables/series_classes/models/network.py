"""A residual network of one-dimensional convolutions (Wang, Yan and Oates 2017)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.trainables.series_classes.models.augmentation import inside


class Block(nn.Module):
    """Two convolutions of the same length, with a way past them; then half the length, if asked."""

    def __init__(
        self, channels: int, width: int, kernel: int, dilation: int, pooling: bool
    ) -> None:
        super().__init__()
        padding = (kernel - 1) * dilation // 2
        options = {"kernel_size": kernel, "padding": padding, "dilation": dilation, "bias": False}
        self.first = nn.Conv1d(channels, width, **options)  # type: ignore[arg-type]
        self.second = nn.Conv1d(width, width, **options)  # type: ignore[arg-type]
        self.norms = nn.ModuleList([nn.BatchNorm1d(width), nn.BatchNorm1d(width)])
        self.past = nn.Conv1d(channels, width, 1) if channels != width else nn.Identity()
        self.pooling = pooling

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        known = inside(lengths, x.shape[2])
        y = F.relu(self.norms[0](self.first(x))) * known
        y = self.norms[1](self.second(y))
        y = F.relu(y + self.past(x)) * known
        if self.pooling and y.shape[2] > 1:
            return F.max_pool1d(y, 2, ceil_mode=True), (lengths + 1) // 2
        return y, lengths


class ResidualNetwork(nn.Module):
    """(B, channels, L) series with 0 after their ends at (B,) `lengths` -> (B, classes) logits.

    The last block's mean over the points that a series has goes to the linear layer.
    """

    def __init__(
        self, channels: int, classes: int, *, depth: int, width: int, kernel: int,
        dilation: int, pooling: bool, dropout: float,
    ) -> None:  # fmt: skip
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(channels if not at else width, width, kernel, dilation**at, pooling)
            for at in range(depth)
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        for block in self.blocks:
            x, lengths = block(x, lengths)
        mean = x.sum(dim=2) / lengths.clamp_min(1)[:, None]
        logits: Tensor = self.head(self.dropout(mean))
        return logits


def shortened(series: Tensor, lengths: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    """With each `1 / factor` points made one, their mean; a factor of 1 or more does nothing."""
    if factor >= 1:
        return series, lengths
    points = max(1, int(torch.tensor(series.shape[2] * factor).ceil()))
    ends = (lengths * (points / series.shape[2])).ceil().long().clamp(1, points)
    return F.adaptive_avg_pool1d(series, points), ends
