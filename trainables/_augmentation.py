"""Batches for training: shuffled, augmented and normalised as a whole, on the data's device.

No image passes through Python by itself and no loader process copies one: a batch is gathered
from the uint8 tensor that holds the split, moved about by one index and one resampling, and
normalised in place. A step that is off costs nothing.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import Images

BORDERS = ("mirror", "black")  # what a crop finds beyond the image's edges


@dataclass(frozen=True)
class Augmentation:
    """How far an image may be moved before it is learned from; 0 or False leaves a step out.

    `shift` whole pixels each way, filled with black; `rotation` degrees each way, bilinear;
    `crop` pixels each way from the image continued by what `border` says: its mirror image, or
    black; `flip` left-right for half of the images; `cutout` the side in pixels of a square that is
    filled with the mean colour (DeVries and Taylor 2017, arXiv:1708.04552). Raises UserError if one
    is negative, or the border unknown.
    """

    shift: int = 0
    rotation: float = 0.0
    crop: int = 0
    flip: bool = False
    cutout: int = 0
    border: str = "mirror"

    def __post_init__(self) -> None:
        if self.border not in BORDERS:
            raise UserError(f"Unknown crop border {self.border!r}; there are {', '.join(BORDERS)}.")
        for name in ("shift", "rotation", "crop", "cutout"):
            if getattr(self, name) < 0:
                raise UserError(f"{name} must be 0 or more, but is {getattr(self, name)}.")

    @classmethod
    def chosen(cls, config: Mapping[str, Any], *, side: int) -> "Augmentation":
        """What a trial's config says: `scaled` by its `augmentation`, with its `flip` and `crop`.

        `cutout`, where it is not None, is taken in place of the scaled one; with `even_cutout` an
        odd side is one less, as in the published program, which halves it first.
        """
        scaled = cls.scaled(config["augmentation"], side=side)
        cutout = scaled.cutout if config["cutout"] is None else config["cutout"]
        if config["even_cutout"]:
            cutout -= cutout % 2
        return replace(
            scaled, flip=config["flip"], crop=config["crop"], cutout=cutout,
            border=config["crop_border"],
        )  # fmt: skip

    @classmethod
    def scaled(cls, strength: float, *, side: int, flip: bool = False) -> "Augmentation":
        """One number for all: 0 is none; 1 on 28 pixels is 2 of shift, 12 degrees, 7 of cutout.

        `side` is the image's shorter one, in pixels; lengths are proportional to it.
        """
        return cls(
            shift=round(strength * side / 14),
            rotation=12.0 * strength,
            flip=flip and strength > 0,
            cutout=round(strength * side / 4),
        )


def batches(
    split: Images,
    *,
    batch_size: int,
    generator: Generator | None,
    mean: Sequence[float],
    std: Sequence[float],
    augmentation: Augmentation | None = None,
    drop_last: bool = False,
    part: Callable[[int], slice] | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of float32 images (B, channels, height, width) and int64 labels (B,).

    All randomness comes from `generator` (on the CPU or on the data's device), whose state at the
    start reproduces the epoch; without one, images come as they are, in their order. `mean` and
    `std` per channel are on the scale 0..1, as a `Dataset` states them. Of a batch of N images
    those of `part(N)` alone are made, just as they are in the whole batch; a batch of which that is
    none is left out. Images lie with channels last.
    """
    device = split.images.device
    offset, scale = _normalisation(mean, std, device)
    if generator is not None:
        order = torch.randperm(len(split), generator=generator, device=generator.device).to(device)
    else:
        order = torch.arange(len(split), device=device)
    end = len(split) - len(split) % batch_size if drop_last else len(split)
    for start in range(0, end, batch_size):
        index = order[start : min(start + batch_size, end)]
        own = part(len(index)) if part else slice(None)
        draws = _Draws(generator, len(index), own) if generator is not None else None
        index = index[own]
        if not len(index):
            continue
        images = split.images.index_select(0, index)
        if augmentation is not None and draws is not None:
            images = _moved(images, augmentation, draws)
        # Two passes in place: on the CPU faster than addcmul, which makes a new tensor.
        normal = images.float().mul_(scale).add_(offset)
        if augmentation is not None and augmentation.cutout and draws is not None:
            normal = _cut(normal, augmentation.cutout, draws)
        yield (
            normal.contiguous(memory_format=torch.channels_last),
            split.labels.index_select(0, index),
        )


def batch_sizes(images: int, batch_size: int, *, last: bool, ranks: int = 1) -> list[int]:
    """Of an epoch. The smaller last batch is left out, unless `last` or there is no other.

    One image a rank has no variance to normalise by, so the last batch has two a rank at least.
    """
    if images < batch_size:
        return [images]
    rest = images % batch_size
    return [batch_size] * (images // batch_size) + [rest] * (last and rest >= 2 * ranks)


@dataclass(frozen=True)
class _Draws:
    """Random numbers for each of a batch's `count` images, of which those of `part` are kept."""

    generator: Generator
    count: int
    part: slice

    def integers(self, low: int, high: int) -> Tensor:
        """(B, 1) whole numbers from `low` to below `high`."""
        drawn = torch.randint(
            low, high, (self.count, 1), generator=self.generator, device=self.generator.device
        )
        return drawn[self.part]

    def shares(self) -> Tensor:
        """(B, 1, 1) from 0 to 1."""
        drawn = torch.rand(
            (self.count, 1, 1), generator=self.generator, device=self.generator.device
        )
        return drawn[self.part]


def _normalisation(
    mean: Sequence[float], std: Sequence[float], device: torch.device
) -> tuple[Tensor, Tensor]:
    """`byte * scale + offset` is the normalised pixel; both (1, channels, 1, 1)."""
    m = torch.tensor(mean, dtype=torch.float64).view(1, -1, 1, 1)
    s = torch.tensor(std, dtype=torch.float64).view(1, -1, 1, 1)
    return (-m / s).float().to(device), (1 / (255 * s)).float().to(device)


def _moved(images: Tensor, by: Augmentation, draws: _Draws) -> Tensor:
    """`images` (B, C, H, W) cropped, flipped, shifted and rotated, each by its own chance."""
    if by.crop or by.flip:
        images = _gathered(images, by, draws)
    if by.shift or by.rotation:
        images = _resampled(images.float(), by, draws)
    return images


def _gathered(images: Tensor, by: Augmentation, draws: _Draws) -> Tensor:
    """Crop and flip: every pixel is a copy of one, so one index of the batch does both."""
    count, channels, height, width = images.shape
    rows = _window(height, by.crop, draws).to(images.device)  # (B, H)
    columns = _window(width, by.crop, draws).to(images.device)  # (B, W)
    if by.flip:
        coin = draws.integers(0, 2)
        columns = torch.where(coin.to(images.device) == 1, columns.flip(1), columns)
    inside_rows, inside_columns = _inside(rows, height), _inside(columns, width)
    planes = torch.arange(count * channels, device=images.device).view(count, channels, 1, 1)
    pixels = inside_rows.view(count, 1, height, 1) * width + inside_columns.view(count, 1, 1, width)
    found = images.take(planes * (height * width) + pixels)
    if by.border == "black":
        inside = (rows == inside_rows)[:, :, None] & (columns == inside_columns)[:, None, :]
        found.masked_fill_(~inside[:, None], 0)
    return found


def _window(length: int, crop: int, draws: _Draws) -> Tensor:
    """(B, length) indices along one axis, moved by up to `crop`, perhaps beyond the ends."""
    shift = draws.integers(-crop, crop + 1)
    return torch.arange(length, device=shift.device) + shift


def _inside(index: Tensor, length: int) -> Tensor:
    """`index`, mirrored at the ends."""
    last = length - 1
    return (last - (last - index.abs()).abs()).clamp_(0, last)


def _resampled(images: Tensor, by: Augmentation, draws: _Draws) -> Tensor:
    """Shift and rotation about the centre: one bilinear resampling, black from outside."""
    height, width = images.shape[2:]
    device = images.device
    turn = draws.shares() * 2 - 1
    angle = (turn * math.radians(by.rotation)).to(device)
    most = by.shift
    shifts = [draws.integers(-most, most + 1).to(device).view(-1, 1, 1) for _ in range(2)]
    x = torch.arange(width, device=device) - (width - 1) / 2 - shifts[0]  # (B, 1, W)
    y = (torch.arange(height, device=device) - (height - 1) / 2).view(-1, 1) - shifts[
        1
    ]  # (B, H, 1)
    cosine, sine = angle.cos(), angle.sin()
    # Where each pixel comes from, in grid_sample's measure: -1 and 1 are the image's edges.
    across = (cosine * x + sine * y) * (2 / width)  # (B, H, W)
    down = (cosine * y - sine * x) * (2 / height)
    grid = torch.stack([across, down], dim=3)
    return F.grid_sample(images, grid, mode="bilinear", align_corners=False)


def _cut(images: Tensor, side: int, draws: _Draws) -> Tensor:
    """A square of `side` set to 0, the mean; its centre is anywhere, so it may hang over."""
    inside = []
    for length in images.shape[2:]:
        centre = draws.integers(0, length)
        first = centre.to(images.device) - side // 2
        places = torch.arange(length, device=images.device)
        inside.append((places >= first) & (places < first + side))  # (B, length)
    rows, columns = inside
    return images.masked_fill_((rows[:, :, None] & columns[:, None, :])[:, None], 0.0)
