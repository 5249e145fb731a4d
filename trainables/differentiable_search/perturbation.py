"""Derives cells by what a supernet loses without an operation, not by how large its weight is.

Wang et al. 2021 (arXiv:2108.04392): alpha's size says little of an operation's part in the
supernet's accuracy, and skip connections, which get large, have a small one.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Generator, Tensor

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.cells import (
    CELLS,
    EDGES,
    FIRST,
    NODES,
    NONE,
    Edge,
    from_edges,
)

Mixings = dict[str, Tensor]  # by cell, (E, O)


def select_by_perturbation(
    mixing: Mapping[str, Tensor],
    operations: Sequence[str],
    *,
    accuracy: Callable[[Mixings], float],
    tune: Callable[[Mixings], None],
    generator: Generator,
) -> Config:
    """The paper's algorithms 1 and 2: an operation for each edge, then two edges for each node.

    In an order drawn from `generator`: the operation without which `accuracy` is lowest is kept,
    alone, and `tune` trains the weights a little with what is left; likewise edges. An operation
    that an edge lacks has a weight of 0 in `mixing`, and is not looked at.
    """
    left = {cell: weights.detach().clone() for cell, weights in mixing.items()}
    chosen: dict[tuple[str, int], int] = {}
    pairs = [(cell, edge) for cell in CELLS for edge in range(len(EDGES))]
    for cell, edge in _shuffled(pairs, generator):
        columns = [
            column
            for column, name in enumerate(operations)
            if name != NONE and left[cell][edge, column] > 0
        ]
        best = min(columns, key=lambda c: _without(left, cell, edge, c, accuracy))
        left[cell][edge] = 0.0
        left[cell][edge, best] = 1.0
        chosen[cell, edge] = best
        tune(left)
    nodes = [(cell, node) for cell in CELLS for node in range(FIRST, FIRST + NODES)]
    kept: dict[str, list[Edge]] = {cell: [] for cell in CELLS}
    for cell, node in _shuffled(nodes, generator):
        into = [edge for edge, (_, target) in enumerate(EDGES) if target == node]
        if len(into) > 2:
            into.sort(key=lambda e: _without(left, cell, e, chosen[cell, e], accuracy))
            for edge in into[2:]:
                left[cell][edge] = 0.0
            tune(left)
        kept[cell] += [
            Edge(EDGES[edge][0], node, operations[chosen[cell, edge]]) for edge in into[:2]
        ]
    return from_edges(kept)


def _without(
    mixing: Mixings, cell: str, edge: int, column: int, accuracy: Callable[[Mixings], float]
) -> float:
    masked = {**mixing, cell: mixing[cell].clone()}
    masked[cell][edge, column] = 0.0
    return accuracy(masked)


def _shuffled(items: list[tuple[str, int]], generator: Generator) -> list[tuple[str, int]]:
    order = torch.randperm(len(items), generator=generator, device=generator.device)
    return [items[index] for index in order.tolist()]
