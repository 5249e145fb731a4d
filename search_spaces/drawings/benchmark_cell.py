"""A NAS-Bench-201 cell as text and as a picture: four states, six edges."""

from collections.abc import Mapping
from typing import Any, Literal

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from automl_on_ray.search_spaces.drawings.rendering import rendered
from automl_on_ray.search_spaces.nas_bench_201 import EDGES, NONE, architecture_text, key

COLOURS = {
    "nor_conv_3x3": "#1b6ca8", "nor_conv_1x1": "#2a9d8f", "avg_pool_3x3": "#e09f3e",
    "skip_connect": "#7a7a7a", NONE: "#cccccc",
}  # fmt: skip
WIDTH = 2.4  # from one state to the next
BENDS = {1: 0.0, 2: 0.62, 3: 0.62}  # of arcs, by how many states they span
NAMES = ("input", "1", "2", "output")


def benchmark_cell_text(config: Mapping[str, Any]) -> str:
    """A line a state: `output = nor_conv_3x3(input) + skip_connect(1)`; edges of none left out."""
    lines = []
    for node in range(1, 4):
        into = [(source, config[key(source, node)]) for source in range(node)]
        sums = [f"{operation}({NAMES[source]})" for source, operation in into if operation != NONE]
        lines.append(f"{NAMES[node]} = {' + '.join(sums) or 'zeros'}")
    return "\n".join(lines)


def draw_benchmark_cell(config: Mapping[str, Any], format: Literal["png", "svg"] = "svg") -> bytes:
    """The file's bytes, equal for equal cells. An edge of none is dotted, without a head."""
    figure = Figure(figsize=(10, 5.4), layout="constrained")
    axes = figure.subplots()
    for source, node in EDGES:
        operation, span = config[key(source, node)], node - source
        below = (source, node) == (1, 3)
        colour, bend = COLOURS[operation], BENDS[span] * (1 if below else -1)
        arrow, line = ("-", ":") if operation == NONE else ("-|>", "-")
        axes.add_patch(
            FancyArrowPatch(
                (WIDTH * source, 0), (WIDTH * node, 0), arrowstyle=arrow, mutation_scale=16,
                color=colour, linewidth=2, linestyle=line,
                connectionstyle=f"arc3,rad={bend}", shrinkA=20,
                shrinkB=30 if (source, node) == (2, 3) else 20,  # the last box is broad
            )
        )  # fmt: skip
        axes.text(
            WIDTH * (source + node) / 2, -bend / 2 * WIDTH * span, operation.replace("_", " "),
            ha="center", va="center", fontsize=10, zorder=2,
            color="#8a8a8a" if operation == NONE else colour,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
        )  # fmt: skip
    for state, name in enumerate(NAMES):
        face = "#e3f0e3" if name in ("input", "output") else "#fff3d6"
        box = {"boxstyle": "round,pad=0.5", "facecolor": face, "edgecolor": "#444444"}
        axes.text(WIDTH * state, 0, name, ha="center", va="center", fontsize=11, zorder=3, bbox=box)
    axes.set_title(architecture_text(config), fontsize=9, family="monospace")
    axes.set_xlim(-0.7, 3 * WIDTH + 0.7)
    axes.set_ylim(-1.9, 2.7)
    axes.set_aspect("equal")
    axes.axis("off")
    return rendered(figure, format)
