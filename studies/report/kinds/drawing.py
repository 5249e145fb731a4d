"""What figures of several kinds of data have in common."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go


def line(x: Sequence[Any], y: Sequence[Any], colour: str, dash: str = "solid") -> go.Scatter:
    return go.Scatter(
        x=list(x), y=list(y), mode="lines", showlegend=False,
        line={"color": colour, "width": 2, "dash": dash},
    )  # fmt: skip


def dots(x: Sequence[float], y: Sequence[float], colour: str, size: int) -> go.Scatter:
    return go.Scatter(
        x=list(x), y=list(y), mode="markers", marker={"color": colour, "size": size},
        showlegend=False,
    )  # fmt: skip


def in_rows(figure: go.Figure, names: Sequence[str]) -> go.Figure:
    """A row a name, from the bottom up."""
    ticks = {"tickvals": list(range(len(names))), "ticktext": list(names)}
    figure.update_yaxes(showgrid=False, range=[-0.6, len(names) - 0.4], **ticks)
    return figure.update_layout(height=110 + 26 * len(names), width=700)
