"""What we use of PyTorch's inside: which storage a tensor has, and operations on lists of them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from automl_on_ray.search_spaces.core import Internals

TORCH = Internals(
    ("torch",),
    (
        "torch:UntypedStorage._cdata",
        "torch:_foreach_add_",
        "torch:_foreach_copy_",
        "torch:_foreach_norm",
        "torch:_foreach_sub_",
        "torch.utils._python_dispatch:TorchDispatchMode."
        "__torch_dispatch__(func, types, args, kwargs)",
        "torch.utils._pytree:tree_leaves(tree, ...)",
    ),
)
TORCH.check_at_import()

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402


class OperationMode(TorchDispatchMode):
    """While it is entered, its `__torch_dispatch__` is given each operation, autograd's too."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        # Not torch's own, which has each operation load torch.compile: two CPU seconds.
        super(TorchDispatchMode, cls).__init_subclass__(**keywords)


def storage_key(tensor: Tensor) -> int:
    """The same for all tensors on one storage, while that lives; also on the meta device."""
    return tensor.untyped_storage()._cdata


def add_each(tensors: Sequence[Tensor], others: Sequence[Tensor], *, factor: float) -> None:
    """tensor += factor * other, in place: one pass over the device for all."""
    torch._foreach_add_(list(tensors), list(others), alpha=factor)


def copy_each(tensors: Sequence[Tensor], others: Sequence[Tensor]) -> None:
    torch._foreach_copy_(list(tensors), list(others))


def norms(tensors: Sequence[Tensor]) -> list[Tensor]:
    return list(torch._foreach_norm(list(tensors)))


def tensors_in(value: Any) -> list[Tensor]:
    """All within nested containers, as arguments of an operation are."""
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)]
