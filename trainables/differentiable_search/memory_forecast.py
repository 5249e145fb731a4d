"""Forecasts a search step's memory on PyTorch's meta device, which needs none."""

import weakref
from functools import cache
from typing import Any, Unpack

import torch
from torch import Tensor

from automl_on_ray.search_spaces import ImageShape
from automl_on_ray.search_spaces.cells import CELLS, EDGES
from automl_on_ray.search_spaces.supernet import (
    OperationMode,
    Supernet,
    SupernetSize,
    storage_key,
    tensors_in,
)

OF_WEIGHTS = 4  # themselves, gradients, momentum, and a copy or vector for second order

LOST = 1.2


@cache  # a look takes a second or more
def step_bytes(
    image_shape: ImageShape,
    classes: int,
    *,
    operations: tuple[str, ...],
    batch_size: int,
    partial: int = 1,
    recompute: bool = False,
    **size: Unpack[SupernetSize],
) -> int:
    """Bytes of one search step in float32 at its peak: weights, and all of a pass and its way back.

    About a fifth more than tensors take, for what allocators lose; a process on the CPU takes some
    0.3 GB beyond that, of libraries and of holes. Of relaxations that mix all operations; one that
    draws a path needs less.
    """
    with torch.device("meta"):
        network = Supernet(
            image_shape, classes, operations=operations, partial=partial, recompute=recompute,
            **size,
        )  # fmt: skip
        images = torch.empty(batch_size, *image_shape)
        mixing = {cell: torch.empty(len(EDGES), len(operations)).requires_grad_() for cell in CELLS}
        weights = list(network.parameters())
        with Live() as live:
            loss = network(images, mixing).sum()
            torch.autograd.grad(loss, [*weights, *mixing.values()], allow_unused=True)
    return int(LOST * live.peak) + OF_WEIGHTS * sum(w.numel() * w.element_size() for w in weights)


class Live(OperationMode):
    """Counts the bytes of all tensors that are made within and are alive; real ones or meta."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = set(map(storage_key, tensors_in((args, kwargs))))
        result = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default and result.is_meta:
            # As it comes from a device; else each is copied on.
            result = torch.empty_like(result, memory_format=torch.channels_last)
        for tensor in tensors_in(result):
            if storage_key(tensor) not in given:
                self._count(tensor)
        return result

    def _count(self, tensor: Tensor) -> None:
        key, storage = storage_key(tensor), tensor.untyped_storage()
        if key in self._sizes:
            return
        self._sizes[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.now -= self._sizes.pop(key)
