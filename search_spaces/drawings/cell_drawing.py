"""Draws a DARTS cell: its nodes, edges and operations."""

from collections.abc import Mapping
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from automl_on_ray.search_spaces.cells import CELLS, FIRST, NODES, edges_of
from automl_on_ray.search_spaces.drawings.cells_as_text import state_name
from automl_on_ray.search_spaces.drawings.rendering import rendered

COLOURS = {"sep": "#1b6ca8", "dil": "#2a9d8f", "max": "#c8553d", "avg": "#e09f3e"}
PLAIN = "#7a7a7a"  # operations without weights that change nothing
OUTPUT = FIRST + NODES
WIDTH = 1.5  # from one state to the next


BEND = 0.9  # of arcs: half of it, times the distance, is how high they rise


def draw_cells(config: Mapping[str, object], format: Literal["png", "svg"] = "svg") -> bytes:
    """Both cells, one below the other; the file's bytes, equal for equal cells."""
    figure = Figure(figsize=(10, 11), layout="constrained")
    for axes, cell in zip(figure.subplots(2, 1), CELLS, strict=True):
        _draw(axes, config, cell)
    return rendered(figure, format)


def _draw(axes: Axes, config: Mapping[str, object], cell: str) -> None:
    """States on a line, edges as arcs: so none runs through a state, and labels are apart."""
    edges = edges_of(config, cell)
    for number, edge in enumerate(edges):
        _arc(axes, edge.source, edge.node, edge.operation, above=number % 2 == 0)
    for state in range(OUTPUT + 1):
        name = f"c(k) = nodes 0 to {NODES - 1}" if state == OUTPUT else state_name(state)
        face = "#fff3d6" if FIRST <= state < OUTPUT else "#e3f0e3"
        box = {"boxstyle": "round,pad=0.4", "facecolor": face, "edgecolor": "#444444"}
        x = WIDTH * state + (0.25 * WIDTH if state == OUTPUT else 0)
        axes.text(x, 0, name, ha="center", va="center", fontsize=10, zorder=3, bbox=box)
    spans = [[e.node - e.source for e in edges[side::2]] for side in (0, 1)]
    top, bottom = (WIDTH * BEND / 2 * max(span) + 0.6 for span in spans)
    axes.set_title(f"{cell} cell", fontsize=13)
    axes.set_xlim(-0.8, WIDTH * OUTPUT + 1.6)
    axes.set_ylim(-bottom, top)
    axes.set_aspect("equal")
    axes.axis("off")


def _arc(axes: Axes, source: int, node: int, operation: str, *, above: bool) -> None:
    colour = COLOURS.get(operation[:3], PLAIN)
    sign = 1 if above else -1
    arrow = FancyArrowPatch(
        (WIDTH * source, 0),
        (WIDTH * node, 0),
        arrowstyle="-|>",
        mutation_scale=14,
        color=colour,
        linewidth=1.8,
        connectionstyle=f"arc3,rad={-sign * BEND}",
        shrinkA=14,
        shrinkB=14,
    )
    axes.add_patch(arrow)
    axes.text(
        WIDTH * (source + node) / 2,
        sign * WIDTH * BEND / 2 * (node - source),
        operation.replace("_", " "),
        ha="center",
        va="center",
        fontsize=9,
        color=colour,
        zorder=2,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
    )
