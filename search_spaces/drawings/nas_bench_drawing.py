"""Draws a NAS-Bench-201 cell: its nodes, edges and operations."""

from collections.abc import Mapping
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from automl_on_ray.search_spaces.drawings.nas_bench_as_text import OUTPUT, node_name
from automl_on_ray.search_spaces.drawings.rendering import rendered
from automl_on_ray.search_spaces.nas_bench_201 import EDGES, NONE, architecture_text, key

COLOURS = {"nor_conv_3x3": "#1b6ca8", "nor_conv_1x1": "#2a9d8f", "avg_pool_3x3": "#e09f3e"}
PLAIN = "#7a7a7a"  # skip_connect changes nothing
WIDTH = 2.4  # from one node to the next
# How high an edge's middle is, so that no two edges cross and no labels meet.
HEIGHTS = {(0, 2): 0.9, (0, 3): 1.7, (1, 3): -0.9}


def draw_cell(config: Mapping[str, object], format: Literal["png", "svg"] = "svg") -> bytes:
    """The file's bytes, equal for equal cells. Edges of operation none are left out."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for edge in EDGES:
        operation = str(config[key(*edge)])
        if operation != NONE:
            _arrow(axes, edge, operation)
    for node in range(OUTPUT + 1):
        face = "#fff3d6" if 0 < node < OUTPUT else "#e3f0e3"
        box = {"boxstyle": "round,pad=0.4", "facecolor": face, "edgecolor": "#444444"}
        axes.text(WIDTH * node, 0, node_name(node), ha="center", va="center", zorder=3, bbox=box)
    axes.set_title(architecture_text(config), fontsize=9)
    axes.set_xlim(-0.6, WIDTH * OUTPUT + 0.6)
    axes.set_ylim(min(HEIGHTS.values()) - 0.3, max(HEIGHTS.values()) + 0.3)
    axes.set_aspect("equal")
    axes.axis("off")
    return rendered(figure, format)


def _arrow(axes: Axes, edge: tuple[int, int], operation: str) -> None:
    source, node = (WIDTH * end for end in edge)
    height = HEIGHTS.get(edge, 0.0)
    colour = COLOURS.get(operation, PLAIN)
    # The control point of an arc is `rad` times its chord away, its middle half of that.
    bend = f"arc3,rad={-2 * height / (node - source)}"
    axes.add_patch(
        FancyArrowPatch(
            (source, 0),
            (node, 0),
            arrowstyle="-|>",
            mutation_scale=14,
            color=colour,
            linewidth=1.8,
            connectionstyle=bend,
            shrinkA=28 if not height else 16,
            shrinkB=28 if not height else 16,
        )
    )
    axes.text(
        (source + node) / 2,
        height,
        operation.replace("_", " "),
        ha="center",
        va="center",
        fontsize=9,
        color=colour,
        zorder=2,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
    )
