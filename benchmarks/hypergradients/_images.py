"""MNIST's images as batches, and the small network that the comparisons here train."""

import torch
from torch import Tensor, nn

from automl_on_ray.trainables.datasets import Dataset, Images

CLASSES = 10


def normalised(images: Images, rows: Tensor, data: Dataset) -> tuple[Tensor, Tensor]:
    """Images of these rows (B, 1, 28, 28), as `data` has their mean and spread, and labels (B,)."""
    mean, std = (torch.tensor(list(each)).view(-1, 1, 1) for each in (data.mean, data.std))
    return (images.images[rows] / 255 - mean) / std, images.labels[rows]


def network() -> nn.Module:
    """2,826 weights, drawn by torch's generator."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(3),
        nn.Flatten(), nn.Linear(144, CLASSES),
    )  # fmt: skip
