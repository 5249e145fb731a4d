"""What a network costs, counted."""

from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from automl_on_ray.search_spaces.domains import ImageShape
from automl_on_ray.search_spaces.supernet import OperationMode


def count_parameters(network: nn.Module) -> int:
    """Without those of an auxiliary head, which only training has."""
    named = network.named_parameters()
    return sum(weight.numel() for name, weight in named if not name.startswith("auxiliary."))


def count_flops(network: nn.Module, image_shape: ImageShape) -> int:
    """Floating-point operations of one image forward, as PyTorch counts them; no state changes."""
    training = network.training
    network.eval()
    with _Counted() as counted, torch.no_grad():
        network(torch.zeros(1, *image_shape))
    network.train(training)
    return counted.total


class _Counted(OperationMode):
    """Adds up what PyTorch's formulas say; its own counter would load torch.compile."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self._formulas = FlopCounterMode(display=False).flop_registry

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        formula = self._formulas.get(func.overloadpacket)
        if formula is None:
            with self:
                result = func.decompose(*args, **given)
            if result is not NotImplemented:
                return result
        result = func(*args, **given)
        if formula is not None:
            self.total += int(formula(*args, **given, out_val=result))
        return result
