"""Facts of the cells that a supernet stands for."""

from collections.abc import Mapping

from search_spaces._cells import CELLS, WITHOUT_WEIGHTS, edges_of


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
