"""Checks that supernets fit into memory, before any is made."""

import os
from collections.abc import Callable
from typing import Any

import torch
from ray.tune.search.sample import Categorical, Domain, Float, Integer

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.differentiable_search import DEFAULTS, step_bytes

GIGABYTE = 2**30


def bytes_per_trial(*, slots: int | None, gpus: float | None) -> float:
    """Of this machine: a GPU's memory or the share of one, else main memory by slots."""
    if torch.cuda.is_available() and gpus != 0:
        total = torch.cuda.get_device_properties(0).total_memory
        return total * min(gpus if gpus is not None else 1.0, 1.0)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return total / (slots or os.cpu_count() or 1)


def check_memory(space: SearchSpace, available: float, *, channels: int, **size: Any) -> None:
    """UserError if the largest supernet of `space` needs more than `available` bytes.

    It names recomputing, the most channels and the largest batch that would fit, each by itself.
    `size` is what `step_bytes` takes beside channels, batch size and partial.
    """
    batch = int(_extreme(space, "batch_size", largest=True))
    partial = int(_extreme(space, "partial", largest=False))

    def needed(c: int, b: int, **other: Any) -> int:
        return step_bytes(channels=c, batch_size=b, partial=partial, **{**size, **other})

    most = needed(channels, batch)
    if most <= available:
        return
    parts = _largest(channels // partial, lambda n: needed(n * partial, batch), available)
    fitting_batch = _largest(batch, lambda n: needed(channels, n), available)
    hints = []
    if not size.get("recompute") and needed(channels, batch, recompute=True) <= available:
        hints.append("--recompute")
    if parts:
        hints.append(f"--search-channels {parts * partial}")
    if fitting_batch > 1:
        hints.append(f"batches of {fitting_batch} in the space")
    raise UserError(
        f"A supernet of {channels} channels with batches of {batch} needs about "
        f"{most / GIGABYTE:.1f} GB, but a trial has {available / GIGABYTE:.1f} GB here. "
        f"It would fit with {' or '.join(hints) or 'fewer --search-layers'}; or use fewer --slots."
    )


def _largest(most: int, needed: Callable[[int], int], available: float) -> int:
    """The largest whole number below `most` that fits, 0 if none does; `most` does not.

    By false position (its Illinois form, which curves do not slow), since each look takes seconds.
    """
    low, high = 1, most
    below, above = needed(1) - available, needed(most) - available
    if below > 0:
        return 0
    while high - low > 1:
        guess = low + int((high - low) * -below / (above - below))
        middle = min(max(guess, low + 1), high - 1)
        size = needed(middle) - available
        if size <= 0:
            low, below, above = middle, size, above / 2
        else:
            high, above, below = middle, size, below / 2
    return low


def _extreme(space: SearchSpace, key: str, *, largest: bool) -> Any:
    declared = space.all.get(key, DEFAULTS[key])
    if isinstance(declared, Categorical):
        return max(declared.categories) if largest else min(declared.categories)
    if isinstance(declared, Integer | Float):
        return declared.upper if largest else declared.lower
    return DEFAULTS[key] if isinstance(declared, Domain) else declared
