"""Statistics of the cells that a supernet stands for."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from automl_on_ray.search_spaces.cells import CELLS, EDGES, NONE, WITHOUT_WEIGHTS, edges_of
from automl_on_ray.trainables.differentiable_search.collapse_detector import EMPTY, LEAD


def cell_facts(cells: Mapping[str, object], before: Mapping[str, object]) -> dict[str, int]:
    """Counts of the derived cells' 16 edges; of the normal cell's 8 for skip connections.

    `cell_changes` are edges that the cells of the epoch `before` did not have.
    """
    edges = {(cell, *edge) for cell in CELLS for edge in edges_of(cells, cell)}
    earlier = {(cell, *edge) for cell in CELLS for edge in edges_of(before, cell)}
    names = [(cell, operation) for cell, _, _, operation in edges]
    return {
        "skip_connections": names.count(("normal", "skip_connect")),
        "parameter_free": sum(operation in WITHOUT_WEIGHTS for _, operation in names),
        "cell_changes": len(edges - earlier),
    }


def empty_operations(
    cells: Mapping[str, object], weights: Mapping[str, Tensor], operations: Sequence[str]
) -> tuple[int, int]:
    """The normal cell's operations that do nothing, and those of them that alpha chose, not chance.

    `weights` (E, O) mix the operations; a chosen one's is `LEAD` times that of the edge's next.
    """
    mixing = weights["normal"].detach().cpu()
    count = chosen = 0
    for source, node, operation in edges_of(cells, "normal"):
        row = dict(zip(operations, mixing[EDGES.index((source, node))].tolist(), strict=True))
        own = row.pop(operation)
        row.pop(NONE, None)  # never derived
        if operation in EMPTY:
            count += 1
            chosen += bool(row) and own >= LEAD * max(row.values())
    return count, chosen
