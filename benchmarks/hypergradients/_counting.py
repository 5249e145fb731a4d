"""Costs that are the same in every run: bytes held for a backward pass, operations."""

import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode


def operations(call: Callable[[], object]) -> int:
    """Products and additions of the matrices and convolutions in `call`."""
    with FlopCounterMode(display=False) as counter:
        call()
    return int(counter.get_total_flops())


@dataclass
class SavedBytes:
    """What graphs hold because a backward pass will need it; a storage counts once."""

    holders: Counter[int] = field(default_factory=Counter)  # by the storage's address
    now: int = 0
    peak: int = 0

    @contextmanager
    def counting(self) -> Iterator[None]:
        with saved_tensors_hooks(self._hold, lambda held: held.tensor):
            yield

    def _hold(self, tensor: Tensor) -> "_Held":
        held, storage = _Held(tensor), tensor.untyped_storage()
        address, size = storage.data_ptr(), storage.nbytes()
        if not self.holders[address]:
            self.now += size
            self.peak = max(self.peak, self.now)
        self.holders[address] += 1
        weakref.finalize(held, self._release, address, size)
        return held

    def _release(self, address: int, size: int) -> None:
        self.holders[address] -= 1
        if not self.holders[address]:
            self.now -= size


@dataclass(eq=False)
class _Held:
    """Is in the graph in a tensor's place: where it ends, the graph has let go."""

    tensor: Tensor
