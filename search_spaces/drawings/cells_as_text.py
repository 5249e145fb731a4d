"""A DARTS cell as text, for terminals."""

from collections.abc import Mapping

from automl_on_ray.search_spaces.cells import CELLS, FIRST, edges_of

STATES = ("c(k-2)", "c(k-1)")  # the outputs of the two cells before


def cell_text(config: Mapping[str, object]) -> str:
    """Both cells, a line a node: `node 0 = sep_conv_3x3(c(k-2)) + skip_connect(c(k-1))`."""
    lines = []
    for cell in CELLS:
        lines.append(f"{cell} cell")
        edges = edges_of(config, cell)
        for low, high in zip(edges[::2], edges[1::2], strict=True):
            sums = " + ".join(f"{e.operation}({state_name(e.source)})" for e in (low, high))
            lines.append(f"  {state_name(low.node)} = {sums}")
    return "\n".join(lines)


def state_name(state: int) -> str:
    """`c(k-2)` and `c(k-1)` for the inputs, `node 0` to `node 3`."""
    return STATES[state] if state < FIRST else f"node {state - FIRST}"
