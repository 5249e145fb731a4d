"""DARTS's cells (Liu et al. 2019, arXiv:1806.09055) as flat configs.

States 0 and 1 are a cell's inputs, the outputs of the cells two and one before; 2 to 5 are its
nodes, and their concatenation is its output. In a derived cell each node takes two of the states
before it, each through an operation. `normal_node3_inputs` says which two, and
`normal_node3_op1` and `normal_node3_op2` through what, the lower one first. So every choice of
values is a cell, and equal cells are equal configs. Node 2 has states 0 and 1 to take, and no key.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from automl_on_ray.search_spaces.core import UserError, check_choice, near_miss
from automl_on_ray.search_spaces.domains import Config, ImageShape

CELLS = ("normal", "reduction")
NODES = 4
FIRST = 2  # the first node's state
NONE = "none"
OPERATIONS = (
    NONE,
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
WITHOUT_WEIGHTS = (NONE, "max_pool_3x3", "avg_pool_3x3", "skip_connect", "noise")
# All edges of a supernet's cell, (source, node): the rows of its mixing matrices.
EDGES = tuple((source, node) for node in range(FIRST, FIRST + NODES) for source in range(node))


class Edge(NamedTuple):
    """What a node takes from a state before it, and through which operation."""

    source: int
    node: int
    operation: str


def reductions(layers: int) -> tuple[int, int]:
    """The layers whose cells halve the images: a third and two thirds of the way."""
    return layers // 3, 2 * layers // 3


def check_sizes(image_shape: ImageShape, layers: int, stem_stride: int) -> None:
    """UserError if the images are too small for the reductions of so many layers."""
    count = len(set(reductions(layers)))
    least = 2 ** (count + 1) * stem_stride
    if math.ceil(min(image_shape[1:]) / stem_stride) * stem_stride < least:
        raise UserError(
            f"Images of {image_shape[1]} x {image_shape[2]} are too small for {count} reductions "
            f"after a stem of stride {stem_stride}; they need {least} pixels a side."
        )


def pairs(node: int) -> list[str]:
    """The values of a node's `inputs`: "0-1", "0-2", ..."""
    return [f"{low}-{high}" for low, high in itertools.combinations(range(node), 2)]


def keys() -> Iterator[tuple[str, int | None]]:
    """The keys of both cells in order, with the node for those that choose a pair of inputs."""
    for cell in CELLS:
        for node in range(FIRST, FIRST + NODES):
            if node > FIRST:
                yield f"{cell}_node{node}_inputs", node
            yield f"{cell}_node{node}_op1", None
            yield f"{cell}_node{node}_op2", None


def edges_of(config: Mapping[str, object], cell: str) -> tuple[Edge, ...]:
    """The eight edges of the derived cell `cell`, by node, the lower source first."""
    found = []
    for node in range(FIRST, FIRST + NODES):
        low, high = str(config.get(f"{cell}_node{node}_inputs", "0-1")).split("-")
        for source, place in ((low, 1), (high, 2)):
            operation = str(config[f"{cell}_node{node}_op{place}"])
            found.append(Edge(int(source), node, operation))
    return tuple(found)


def from_edges(cells: Mapping[str, Sequence[Edge]]) -> Config:
    """The config of both cells, given by two edges a node in any order."""
    config: Config = {}
    for cell in CELLS:
        for node in range(FIRST, FIRST + NODES):
            low, high = sorted(edge for edge in cells[cell] if edge.node == node)
            if node > FIRST:
                config[f"{cell}_node{node}_inputs"] = f"{low.source}-{high.source}"
            config[f"{cell}_node{node}_op1"] = low.operation
            config[f"{cell}_node{node}_op2"] = high.operation
    return config


def decode(mixing: Mapping[str, Tensor], operations: Sequence[str]) -> Config:
    """DARTS's derivation (section 2.4): the cells that mixing weights (E, O) stand for.

    Each node keeps the two incoming edges whose largest weight among operations other than none is
    largest, and of each that operation. Of equals, the first.
    """
    allowed = [column for column, name in enumerate(operations) if name != NONE]
    cells = {}
    for cell in CELLS:
        best, which = mixing[cell].detach()[:, allowed].double().cpu().max(1)
        edges = []
        for node in range(FIRST, FIRST + NODES):
            into = [row for row, (_, target) in enumerate(EDGES) if target == node]
            kept = sorted(into, key=lambda row: -best[row].item())[:2]
            edges += [
                Edge(EDGES[row][0], node, operations[allowed[int(which[row])]]) for row in kept
            ]
        cells[cell] = edges
    return from_edges(cells)


def one_hot_mixing(config: Mapping[str, object], operations: Sequence[str]) -> dict[str, Tensor]:
    """Mixing weights (E, O) with 1 for what the derived cells keep and 0 elsewhere."""
    mixing = {}
    for cell in CELLS:
        mixing[cell] = torch.zeros(len(EDGES), len(operations))
        for source, node, operation in edges_of(config, cell):
            mixing[cell][EDGES.index((source, node)), operations.index(operation)] = 1.0
    return mixing


def check_cells(config: Mapping[str, object], operations: Sequence[str] = OPERATIONS) -> None:
    """UserError unless `config` has all keys of both cells with values that make a cell.

    Other keys, of training, are not looked at, but for those that look like a cell's.
    """
    known = dict(keys())
    for key in config:
        if key.startswith(tuple(f"{cell}_" for cell in CELLS)) and key not in known:
            raise UserError(
                f"Cell config has {key!r}, which is no key of a cell.{near_miss(key, known)}"
            )
    for key, node in known.items():
        if key not in config:
            raise UserError(f"Cell config lacks {key!r}; a cell has {len(known)} keys in all.")
        value = config[key]
        if node is not None:
            if value not in pairs(node):
                raise UserError(
                    f"Cell config has {key}={value!r}; there are {', '.join(pairs(node))}."
                )
        elif value == NONE:
            raise UserError(
                f"Cell config has {key}='none', which leaves the node without an input; "
                "a derived cell has operations other than none."
            )
        else:
            usable = [name for name in operations if name != NONE]
            check_choice("operation", value, usable, where=key)
