"""What a search step will need of memory, found without needing it: on PyTorch's meta device."""

import torch
from torch import Tensor

from search_spaces._cells import CELLS, EDGES
from search_spaces._space import ImageShape
from search_spaces._supernet import Supernet

OF_WEIGHTS = 4  # themselves, gradients, momentum, and a copy or vector for second order


def step_bytes(
    image_shape: ImageShape,
    classes: int,
    *,
    operations: tuple[str, ...],
    channels: int,
    layers: int,
    stem_stride: int,
    batch_size: int,
    partial: int = 1,
) -> int:
    """Bytes of one search step in float32: weights and all that the way back needs.

    About a fifth too many: the meta device lays images out otherwise, and so copies some of them.
    Of relaxations that mix all operations; one that draws a path needs less.
    """
    with torch.device("meta"):
        network = Supernet(
            image_shape, classes, operations=operations, channels=channels, layers=layers,
            stem_stride=stem_stride, partial=partial,
        )  # fmt: skip
        images = torch.empty(batch_size, *image_shape)
        mixing = {cell: torch.empty(len(EDGES), len(operations)).requires_grad_() for cell in CELLS}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(images, mixing)
    weights = sum(weight.numel() * weight.element_size() for weight in network.parameters())
    return sum(kept.values()) + OF_WEIGHTS * weights
