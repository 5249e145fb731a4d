"""What the figures of a study have in common."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

BEST, BLUE, GREY, RED = "#d1495b", "#4a7fb5", "#b8c0c8", "#8c2f39"
FEW = 12
OUTCOMES = {
    "completed": ("completed", BLUE),
    "pruned": ("cut by the scheduler", GREY),
    "infeasible": ("beyond a limit", "#8a6d4b"),
    "failed": ("failed", RED),
    "stopped": ("unfinished", "#e0b35c"),
    "running": ("running", "#5aa77a"),
}


def in_ones(axis: Any, highest: float) -> None:
    """Ticks at whole numbers only; of many, plotly's own are whole anyway."""
    if highest <= FEW:
        axis.dtick = 1


def laid_out(traces: Sequence[Any], *, x: str, y: str) -> go.Figure:
    """A figure with its axes named."""
    return go.Figure(list(traces)).update_layout(
        template="plotly_white", height=340, xaxis_title=x, yaxis_title=y,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0},
    )  # fmt: skip
