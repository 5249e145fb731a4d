"""Other series of the same class: noise, stretched values, cut ends, warped time (Um et al. 2017).

All at once: each point of the new series is read at a moved place of the old one.
"""

import torch
from torch import Tensor

KNOTS = 5  # of the speed of time


def augmented(
    series: Tensor, lengths: Tensor, strengths: dict[str, float], generator: torch.Generator
) -> Tensor:
    """(B, channels, length), 0 after the end of a series, as it was. `lengths` (B,) stay.

    `strengths` are `jitter`, `stretch`, `crop` and `warp`; 0 for what is not wanted.
    """
    if strengths["crop"] or strengths["warp"]:
        series = _moved(series, lengths, strengths, generator)
    if strengths["stretch"]:
        shape = (*series.shape[:2], 1)
        series = series * (1 + strengths["stretch"] * torch.randn(shape, generator=generator))
    if strengths["jitter"]:
        series = series + strengths["jitter"] * torch.randn(series.shape, generator=generator)
    return series * inside(lengths, series.shape[2])


def inside(lengths: Tensor, longest: int) -> Tensor:
    """(B, 1, longest): 1 up to the end of each series, 0 after it."""
    return (torch.arange(longest)[None, :] < lengths[:, None]).float()[:, None, :]


def _moved(
    series: Tensor, lengths: Tensor, strengths: dict[str, float], generator: torch.Generator
) -> Tensor:
    count, _, longest = series.shape
    last = (lengths - 1).clamp_min(0).float()[:, None]
    share = (torch.arange(longest).float()[None, :] / last.clamp_min(1)).clamp(max=1)  # (B, L)
    speeds = (strengths["warp"] * torch.randn(count, KNOTS, generator=generator)).exp()
    places = torch.nn.functional.pad(speeds.cumsum(1), (1, 0))
    places = places / places[:, -1:]  # (B, KNOTS + 1), from 0 to 1
    knot = (share * KNOTS).long().clamp(max=KNOTS - 1)
    within = share * KNOTS - knot
    warped = places.gather(1, knot) * (1 - within) + places.gather(1, knot + 1) * within
    kept = 1 - strengths["crop"] * torch.rand(count, 1, generator=generator)
    start = (1 - kept) * torch.rand(count, 1, generator=generator)
    at = (start + kept * warped) * last
    low = at.floor().long()
    high = torch.minimum(low + 1, last.long())
    part = (at - low)[:, None, :]

    def read(index: Tensor) -> Tensor:
        return series.gather(2, index[:, None, :].expand(-1, series.shape[1], -1))

    return read(low) * (1 - part) + read(high) * part
