"""The network of a derived DARTS cell (Liu et al. 2019, arXiv:1806.09055, section 3)."""

import torch
from torch import Tensor, nn

from automl_on_ray.search_spaces.cells.encoding import (
    CELLS,
    FIRST,
    NODES,
    check_cells,
    check_sizes,
    edges_of,
    reductions,
)
from automl_on_ray.search_spaces.cells.operation_sets import KNOWN
from automl_on_ray.search_spaces.cells.operations import (
    DropPath,
    FactorizedReduce,
    operation,
    relu_conv_bn,
)
from automl_on_ray.search_spaces.domains import Config, ImageShape

# What a config that leaves a key out means.
DEFAULTS: Config = {
    "channels": 16,
    "layers": 8,
    "stem_stride": 1,
    "drop_path": 0.0,
    "auxiliary_weight": 0.0,
}
AUXILIARY_POOL = 5  # pixels a side that DARTS's auxiliary head averages, with stride 3


def build(config: Config, image_shape: ImageShape, classes: int) -> nn.Module:
    """(B, C, H, W) -> logits (B, classes).

    Keys beside the cells': `channels` of the first cells, `layers` (cells), `stem_stride` (2 halves
    the images at once, for cheap work), `drop_path` (the probability that `set_progress(1)` comes
    to), `auxiliary_weight` (above 0: a second head that is trained with that weight of its loss).
    Raises UserError for what is no cell, and for images too small for the reductions.
    """
    check_cells(config, KNOWN)
    return CellNetwork(config, image_shape, classes)


class CellNetwork(nn.Module):
    """While training with an auxiliary head: (logits, its logits); otherwise logits."""

    def __init__(self, config: Config, image_shape: ImageShape, classes: int) -> None:
        super().__init__()
        chosen = {**DEFAULTS, **config}
        layers, channels = chosen["layers"], chosen["channels"]
        check_sizes(image_shape, layers, chosen["stem_stride"])
        self.drop_path = chosen["drop_path"]
        width = 3 * channels
        self.stem = nn.Sequential(
            nn.Conv2d(image_shape[0], width, 3, chosen["stem_stride"], 1, bias=False),
            nn.BatchNorm2d(width),
        )
        inputs, shrunk = (width, width), False
        self.cells = nn.ModuleList()
        self.auxiliary: nn.Module | None = None
        for layer in range(layers):
            reduction = layer in reductions(layers)
            channels *= 1 + reduction
            self.cells.append(_Cell(config, CELLS[reduction], inputs, channels, shrunk))
            inputs, shrunk = (inputs[1], NODES * channels), reduction
            if layer == 2 * layers // 3 and chosen["auxiliary_weight"]:
                self.auxiliary = _Auxiliary(inputs[1], classes)
        self.auxiliary_layer = 2 * layers // 3
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(inputs[1], classes)

    def set_progress(self, share: float) -> None:
        """How much of the training is done, 0 to 1: drop path grows with it, as published."""
        for module in self.modules():
            if isinstance(module, DropPath):
                module.probability = self.drop_path * share

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        before = last = self.stem(images)
        auxiliary = None
        for layer, cell in enumerate(self.cells):
            before, last = last, cell(before, last)
            if layer == self.auxiliary_layer and self.auxiliary is not None and self.training:
                auxiliary = self.auxiliary(last)
        logits: Tensor = self.head(self.pool(last).flatten(1))
        return logits if auxiliary is None else (logits, auxiliary)


class _Cell(nn.Module):
    def __init__(
        self, config: Config, name: str, inputs: tuple[int, int], channels: int, shrunk: bool
    ) -> None:
        super().__init__()
        self.before = (
            FactorizedReduce(inputs[0], channels) if shrunk else relu_conv_bn(inputs[0], channels)
        )
        self.last = relu_conv_bn(inputs[1], channels)
        self.sources: list[tuple[int, int]] = []
        self.operations = nn.ModuleList()
        for source, node, chosen in edges_of(config, name):
            stride = 2 if name == CELLS[1] and source < FIRST else 1
            module = operation(chosen, channels, stride)
            # As published, a skipped path is never dropped: it is the identity at stride 1 only.
            droppable = not isinstance(module, nn.Identity)
            self.operations.append(nn.Sequential(module, DropPath()) if droppable else module)
            self.sources.append((source, node))

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        states = [self.before(before), self.last(last)]
        for index in range(0, 2 * NODES, 2):
            low, high = (self.operations[i](states[self.sources[i][0]]) for i in (index, index + 1))
            states.append(low + high)
        return torch.cat(states[FIRST:], 1)


class _Auxiliary(nn.Module):
    """DARTS's auxiliary head: (B, C, 8, 8) for CIFAR, or other sizes, -> logits."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 128, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
            nn.Conv2d(128, 768, 2, bias=False), nn.BatchNorm2d(768), nn.ReLU(),
        )  # fmt: skip
        self.classifier = nn.Linear(768, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.relu()
        if min(x.shape[2:]) >= AUXILIARY_POOL + 3:
            x = nn.functional.avg_pool2d(x, AUXILIARY_POOL, 3, 0, count_include_pad=False)
        x = nn.functional.adaptive_avg_pool2d(x, 2)
        logits: Tensor = self.classifier(self.features(x).flatten(1))
        return logits
