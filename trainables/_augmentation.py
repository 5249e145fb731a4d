"""Batches for training: shuffled, augmented and normalised as a whole, on the data's device.

No image passes through Python by itself and no loader process copies one: a batch is gathered
from the uint8 tensor that holds the split, moved about, and normalised in one pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.datasets._dataset import Images


@dataclass(frozen=True)
class Augmentation:
    """How far an image may be moved before it is learned from; 0 or False leaves a step out.

    `shift` pixels each way, filled with black; `rotation` degrees each way; `crop` pixels each way
    from the image continued by its mirror image; `flip` left-right for half of the images;
    `cutout` the side of a square of mean colour (DeVries and Taylor 2017, arXiv:1708.04552).
    """

    shift: int = 0
    rotation: float = 0.0
    crop: int = 0
    flip: bool = False
    cutout: int = 0


def batches(
    split: Images,
    *,
    batch_size: int,
    generator: torch.Generator,
    mean: Sequence[float],
    std: Sequence[float],
    augmentation: Augmentation | None = None,
    drop_last: bool = False,
    shuffle: bool = True,
    channels_last: bool = True,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of float32 images (B, channels, height, width) and int64 labels (B,).

    All randomness comes from `generator`, whose state reproduces the epoch. `mean` and `std` per
    channel are on the scale 0..1, as a `Dataset` states them.
    """
    device = split.images.device
    offset, scale = _normalisation(mean, std, device)
    order = torch.randperm(len(split), generator=generator, device=generator.device)
    indices = order.to(device) if shuffle else torch.arange(len(split), device=device)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    end = len(split) - len(split) % batch_size if drop_last else len(split)
    for start in range(0, end, batch_size):
        index = indices[start : min(start + batch_size, end)]
        images = torch.addcmul(offset, split.images[index].float(), scale)
        yield images.contiguous(memory_format=layout), split.labels[index]


def _normalisation(
    mean: Sequence[float], std: Sequence[float], device: torch.device
) -> tuple[Tensor, Tensor]:
    """`offset + byte * scale` is the normalised pixel; both (1, channels, 1, 1)."""
    m = torch.tensor(mean, dtype=torch.float64).view(1, -1, 1, 1)
    s = torch.tensor(std, dtype=torch.float64).view(1, -1, 1, 1)
    return (-m / s).float().to(device), (1 / (255 * s)).float().to(device)
