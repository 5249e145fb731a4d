"""NAS-Bench-201's cell (Dong and Yang 2020, arXiv:2001.00326): six edges, five operations.

States 0 to 3, each edge from a lower to a higher one: `edge_0_1`, `edge_0_2`, ... Every choice of
values is one of its 15,625 architectures. As in the benchmark, those whose output gets nothing are
members too: a cell that gives zeros, a network that stays at chance, not a trial that fails.
The benchmark's own text form is `architecture_text` and `parse_architecture`.
"""

import re
from collections.abc import Mapping

import torch
from ray import tune
from torch import Tensor, nn

from automl_on_ray.search_spaces.core import UserError, check_choice
from automl_on_ray.search_spaces.domains import Config, ImageShape, SearchSpace
from automl_on_ray.search_spaces.drawings import BENCHMARK_CELL
from automl_on_ray.search_spaces.graphs import SKIP, Graph

NONE = "none"
OPERATIONS = (NONE, "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = tuple((source, node) for node in range(1, 4) for source in range(node))
CHANNELS, CELLS_A_STAGE = 16, 5
MIN_SIDE_PIXELS = 4  # two reductions leave one


def key(source: int, node: int) -> str:
    return f"edge_{source}_{node}"


def build(config: Config, image_shape: ImageShape, classes: int) -> nn.Module:
    """The benchmark's network, (B, C, H, W) -> logits (B, classes).

    `channels` and `cells_a_stage` may make it smaller. Raises UserError for what is no cell, and
    for images smaller than 4 x 4.
    """
    check_cell(config)
    if min(image_shape[1:]) < MIN_SIDE_PIXELS:
        raise UserError(
            f"Images of {image_shape[1]} x {image_shape[2]} are too small for two reductions; "
            f"they need {MIN_SIDE_PIXELS} pixels a side."
        )
    channels = config.get("channels", CHANNELS)
    layers: list[nn.Module] = [
        nn.Conv2d(image_shape[0], channels, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels),
    ]
    for stage in range(3):
        if stage:
            layers.append(_Reduction(channels))
            channels *= 2
        layers += [
            _Cell(config, channels) for _ in range(config.get("cells_a_stage", CELLS_A_STAGE))
        ]
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(channels, classes))


def check_cell(config: Mapping[str, object]) -> None:
    """UserError for foreign or missing keys, or unknown operations."""
    known = [key(*edge) for edge in EDGES]
    for name in config:
        if name.startswith("edge_") and name not in known:
            raise UserError(f"Cell config has {name!r}; a cell's edges are {', '.join(known)}.")
    for source, node in EDGES:
        name = key(source, node)
        if name not in config:
            raise UserError(f"Cell config lacks {name!r}; a cell has {len(EDGES)} edges.")
        check_choice("operation", config[name], OPERATIONS, where=name)


def architecture_text(config: Mapping[str, object]) -> str:
    """`|nor_conv_3x3~0|+|none~0|skip_connect~1|+|...|`, as the benchmark writes it."""
    nodes = [
        "".join(f"|{config[key(source, node)]}~{source}" for source in range(node)) + "|"
        for node in range(1, 4)
    ]
    return "+".join(nodes)


def parse_architecture(text: str) -> Config:
    """The config of such a text; UserError if it is none."""
    found = re.findall(r"([^|+~]+)~(\d)", text)
    config = {
        key(int(source), node): operation
        for (operation, source), (_, node) in zip(found, EDGES, strict=False)
    }
    known = all(operation in OPERATIONS for operation, _ in found)
    if len(found) != len(EDGES) or not known or architecture_text(config) != text:
        raise UserError(
            f"Architecture {text!r} cannot be read; write it as "
            f"{architecture_text({key(*edge): OPERATIONS[3] for edge in EDGES})}."
        )
    return config


def graph(config: Config) -> Graph:
    """The operations as nodes; each takes the sum of those that lead to its state."""
    size = (config.get("channels", CHANNELS), config.get("cells_a_stage", CELLS_A_STAGE))
    labels, edges = [f"input {size[0]} {size[1]}"], []
    into: list[list[int]] = [[0], [], [], []]
    for source, node in EDGES:
        operation = config[key(source, node)]
        if operation != NONE:
            edges += [(before, len(labels)) for before in into[source]]
            into[node].append(len(labels))
            labels.append(SKIP if operation == "skip_connect" else operation)
    edges += [(before, len(labels)) for before in into[-1]]
    return Graph((*labels, "output"), tuple(edges))


def isomorphism_class(config: Mapping[str, object]) -> str:
    """Equal within each of the 6,466 classes that papers count: the benchmark's own text.

    It is no isomorphism of graphs. An edge that brings nothing still counts as a term, so it tells
    cells apart that compute the same. And an operation that is used twice is to it as two of them.
    """
    states = ["0"]
    for node in range(1, 4):
        terms = []
        for source in range(node):
            operation = config[key(source, node)]
            if operation == NONE or states[source] == "#":
                terms.append("#")
            elif operation == "skip_connect":
                terms.append(states[source])
            else:
                terms.append(f"({states[source]})@{operation}")
        states.append("+".join(sorted(terms)))
    return states[-1]


SPACE = SearchSpace(
    name="nas-bench-201",
    architecture={
        **{key(source, node): tune.choice(list(OPERATIONS)) for source, node in EDGES},
        "channels": CHANNELS,
        "cells_a_stage": CELLS_A_STAGE,
    },
    training={
        "learning_rate": tune.loguniform(1e-2, 3e-1),
        "weight_decay": 5e-4,
        "optimizer": "sgd",
        "schedule": "cosine",
        "batch_size": 256,
    },
    build=build,
    form=BENCHMARK_CELL,
    graph=graph,
)
# What the benchmark's own table varies: the cell, and nothing of its training.
CELLS = SearchSpace(
    "nas-bench-201-cells",
    architecture={key(*edge): SPACE.architecture[key(*edge)] for edge in EDGES},
    graph=graph,
)


class _Cell(nn.Module):
    def __init__(self, config: Config, channels: int) -> None:
        super().__init__()
        self.operations = nn.ModuleDict(
            {
                key(*edge): _operation(config[key(*edge)], channels)
                for edge in EDGES
                if config[key(*edge)] != NONE
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        states = [x]
        for node in range(1, 4):
            parts = [
                self.operations[key(source, node)](states[source])
                for source in range(node)
                if key(source, node) in self.operations
            ]
            states.append(sum(parts[1:], parts[0]) if parts else torch.zeros_like(x))
        return states[-1]


class _Reduction(nn.Module):
    """A residual block of stride 2 that doubles the channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            *_relu_conv_bn(channels, 2 * channels, 3, 2),
            *_relu_conv_bn(2 * channels, 2 * channels, 3),
        )
        self.short = nn.Sequential(
            nn.AvgPool2d(2, 2, ceil_mode=True), nn.Conv2d(channels, 2 * channels, 1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.short(x) + self.main(x)
        return y


def _operation(name: str, channels: int) -> nn.Module:
    if name == "skip_connect":
        return nn.Identity()
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    return nn.Sequential(*_relu_conv_bn(channels, channels, int(name[-1])))


def _relu_conv_bn(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return [nn.ReLU(), convolution, nn.BatchNorm2d(outputs)]
