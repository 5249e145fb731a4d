"""Measures how much of a GPU's memory a trial takes, by running one alone."""

import time
from dataclasses import dataclass
from threading import Thread
from typing import Any

import torch
from ray import tune

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables.multi_process import by_hand

PATIENCE = 30.0  # seconds without a new peak: later batches take what the first ones took


@dataclass(frozen=True)
class Reading:
    """Of one trial: the most that it took, and what its GPU has, in bytes; what ended it early.

    Without a GPU that PyTorch sees, `total` is 0.
    """

    used: int
    total: int
    error: str = ""


def measure(
    klass: type[tune.Trainable], keywords: dict[str, Any], config: Config, cpus: float
) -> Reading:
    """Train for a step, or until memory grows no more: a step may last an hour.

    For a process that ends afterwards, since a longer step is left running. `used` counts what the
    process takes outside PyTorch's allocator, too, and is `total` if that was not enough.
    """
    cuda = torch.cuda.is_available()
    failed: list[BaseException] = []

    def train() -> None:
        try:
            by_hand(klass, keywords, {"CPU": cpus, "GPU": float(cuda)})(config=config).train()
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=train, daemon=True)
    thread.start()
    peak, since = 0, time.monotonic()
    while thread.is_alive() and (not peak or time.monotonic() - since < PATIENCE):
        thread.join(0.2)
        if cuda and (now := torch.cuda.max_memory_reserved()) > peak:
            peak, since = now, time.monotonic()
    error = f"{type(failed[0]).__name__}: {failed[0]}" if failed else ""
    if not cuda:
        return Reading(0, 0, error)
    free, total = torch.cuda.mem_get_info()
    if failed and isinstance(failed[0], torch.OutOfMemoryError):
        return Reading(total, total, error)
    outside = total - free - torch.cuda.memory_reserved()
    return Reading(outside + torch.cuda.max_memory_reserved(), total, error)
