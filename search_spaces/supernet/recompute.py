"""Computes values again in the backward pass instead of keeping them in memory.

Autograd keeps what the gradient of an operation needs: ReLU's results, copies side by side, pooled
images, the outputs of convolutions. Some of it follows from other kept tensors at little cost. A
`Value` that knows its recipe is kept as that recipe, and made again when a gradient asks for it.
Nothing else changes: gradients are bit for bit the same, and can be differentiated again.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

import torch
from torch import Tensor
from torch.amp.autocast_mode import is_autocast_available
from torch.autograd.graph import saved_tensors_hooks

from automl_on_ray.search_spaces.supernet.torch_internals import storage_key

T = TypeVar("T")
Make = Callable[[], Tensor]
Packed = Tensor | tuple[Make, tuple[Any, Any, Any]]


class Value:
    """A tensor, and `again`, which makes it anew, detached; without a recipe it is kept.

    While this object lives, autograd keeps the recipe where it would keep the tensor or a view of
    it. So hold on to it until the tensor's last use. `make` must give the same bits in the same
    layout, and runs once a way back, as the graph lets go of what has been used.
    """

    def __init__(self, tensor: Tensor, make: Make | None = None) -> None:
        self.tensor = tensor
        kept = tensor.detach()
        self.again: Make = (lambda: kept) if make is None else Recipe(make, tensor.device.type)
        if make is not None:
            _values[storage_key(tensor)] = self


class Recipe(Generic[T]):
    """Runs `make` when it is first called, without gradients and as precisely as now."""

    def __init__(self, make: Callable[[], T], device: str) -> None:
        self._make = make
        self._made: T | None = None
        self._device = device if is_autocast_available(device) else ""
        if self._device:
            self._dtype = torch.get_autocast_dtype(device)
            self._enabled = torch.is_autocast_enabled(device)

    def __call__(self) -> T:
        # Several gradients ask for it, one after the other, and it goes with the last of them.
        if self._made is None:
            with torch.no_grad(), self._precision():
                self._made = self._make()
        return self._made

    def _precision(self) -> AbstractContextManager[None]:
        if not self._device:
            return nullcontext()
        # Its cache would give what is cast here, without gradients, to a later pass with them.
        return torch.autocast(
            self._device, dtype=self._dtype, enabled=self._enabled, cache_enabled=False
        )


# By storage, which is not used again for another tensor while a value holds it.
_values: WeakValueDictionary[int, Value] = WeakValueDictionary()


def remaking() -> AbstractContextManager[None]:
    """Within, what autograd would keep of values with a recipe is made again instead."""
    return saved_tensors_hooks(_pack, _unpack)


def _pack(tensor: Tensor) -> Packed:
    value = _values.get(storage_key(tensor))
    if value is None:
        return tensor.detach()  # what came with its history would be kept by itself, for ever
    return value.again, (tensor.shape, tensor.stride(), tensor.storage_offset())


def _unpack(packed: Packed) -> Tensor:
    if isinstance(packed, Tensor):
        return packed
    make, layout = packed
    return make().as_strided(*layout)
