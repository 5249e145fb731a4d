"""Draws a differentiable search over its epochs: mixing weights and cells."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from torch import Tensor

from automl_on_ray.search_spaces.cells import CELLS, EDGES, FIRST, NODES, edges_of
from automl_on_ray.search_spaces.drawings.cell_drawing import draw_cells
from automl_on_ray.search_spaces.drawings.cells_as_text import state_name
from automl_on_ray.search_spaces.drawings.rendering import rendered

MAX_PICTURES = 8
FRAME_MILLISECONDS, LAST_MILLISECONDS = 700, 3000


def draw_mixing(
    history: Sequence[Mapping[str, Tensor]], operations: Sequence[str], kept: Mapping[str, object]
) -> bytes:
    """Mixing weights by epoch as heat maps, a panel an edge: the PNG's bytes.

    `history[epoch][cell]` is (E, O); what the cells `kept` have of an edge is printed bold.
    """
    top = max(float(weights.max()) for epoch in history for weights in epoch.values())
    figure = Figure(figsize=(13, 15))  # all places by hand: to find them takes matplotlib seconds
    halves: Any = figure.subfigures(2, 1)
    for half, cell in zip(halves, CELLS, strict=True):
        half.suptitle(f"{cell} cell: mixing weights by epoch, bold = kept")
        places = {
            "left": 0.075, "right": 0.92, "bottom": 0.05, "top": 0.9, "wspace": 0.75, "hspace": 0.4,
        }  # fmt: skip
        panels = half.subplots(NODES, FIRST + NODES - 1, squeeze=False, gridspec_kw=places)
        for unused in set(panels.flat) - {panels[n - FIRST, s] for s, n in EDGES}:
            unused.remove()
        chosen = {(e.source, e.node): e.operation for e in edges_of(kept, cell)}
        for row, (source, node) in enumerate(EDGES):
            panel = panels[node - FIRST, source]
            values = np.stack([epoch[cell][row].detach().cpu().numpy() for epoch in history], 1)
            extent = (0.5, len(history) + 0.5, len(operations) - 0.5, -0.5)
            image = panel.imshow(
                values, aspect="auto", interpolation="nearest", vmin=0, vmax=top, cmap="viridis",
                extent=extent,
            )  # fmt: skip
            panel.set_title(f"{state_name(source)} → {state_name(node)}", fontsize=8)
            panel.set_yticks(range(len(operations)), operations, fontsize=6)
            panel.tick_params(axis="x", labelsize=6)
            for label, operation in zip(panel.get_yticklabels(), operations, strict=True):
                if chosen.get((source, node)) == operation:
                    label.set_fontweight("bold")
                    label.set_color("#c8553d")
        half.colorbar(image, cax=half.add_axes((0.945, 0.2, 0.012, 0.55)))
    with rc_context({"font.size": 9}):
        return rendered(figure, dpi=100)


def animate_cells(cells: Sequence[Mapping[str, object]]) -> bytes:
    """The derived cells as a GIF, a picture for each epoch at which they changed; the last stays.

    Of more than eight such epochs the first, the last and evenly chosen ones between them.
    """
    from PIL import Image, ImageDraw

    frames = []
    for epoch in _shown(cells):
        with Image.open(io.BytesIO(draw_cells(cells[epoch], "png"))) as picture:
            frame = picture.convert("RGB").resize((picture.width * 2 // 3, picture.height * 2 // 3))
        ImageDraw.Draw(frame).text((12, 12), f"epoch {epoch + 1}", fill="black", font_size=22)
        frames.append(frame.quantize(64))
    durations = [FRAME_MILLISECONDS] * (len(frames) - 1) + [LAST_MILLISECONDS]
    with io.BytesIO() as file:
        frames[0].save(
            file, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0
        )
        return file.getvalue()


def _shown(cells: Sequence[Mapping[str, object]]) -> list[int]:
    """Epochs, from 0, at which the cell is another than the epoch before."""
    changed = [e for e, cell in enumerate(cells) if e == 0 or cell != cells[e - 1]]
    if len(changed) <= MAX_PICTURES:
        return changed
    places = np.linspace(0, len(changed) - 1, MAX_PICTURES).round().astype(int)
    return [changed[place] for place in places]
