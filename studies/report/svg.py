"""Draws a plotly figure as SVG: crisp at any size, small, and without any script.

Of plotly's language it knows what the figures of a study use: scatter, bar, heat map, contour and
parallel coordinates, on axes side by side.
"""

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, MaxNLocator, NullFormatter

PIXELS = 100  # of plotly, an inch
WIDTH = 900
NARROW = 100  # a log scale that spans less has ticks between the powers of ten
MOST_BARS = 300  # of an axes: more of them are embedded as a picture
STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a949e",
    "axes.labelcolor": "#333b44",
    "xtick.color": "#5a646e",
    "ytick.color": "#5a646e",
    "axes.grid": True,
    "grid.color": "#e6eaee",
    "axes.axisbelow": True,
    "path.simplify": False,  # a dot is a line of no length
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "legend.frameon": False,
}
_ROUNDED = re.compile(r"(\.\d\d)\d+")  # to a hundredth of a point, which is a 72nd of an inch
_DASHES = {"dash": "--", "dot": ":", "solid": "-"}
_MARKERS = {"circle": "o", "x": "x", "star": "*", "circle-open": "o", "diamond": "D"}


def svg(figure: go.Figure) -> str:
    """An `<svg>` element; equal for equal figures."""
    layout = figure.layout
    width, height = layout.width or WIDTH, layout.height or 360
    with rc_context(STYLE):
        drawn = Figure(figsize=(width / PIXELS, height / PIXELS))
        if figure.data and figure.data[0].type == "parcoords":
            _parallel(drawn, figure.data[0])
        else:
            for x_axis, y_axis, traces in _panels(figure):
                _panel(drawn, figure, (x_axis, y_axis), traces)
        with io.BytesIO() as file:
            # Not "tight", which draws all twice.
            box = drawn.get_tightbbox().padded(0.05)
            drawn.savefig(file, format="svg", dpi=130, metadata={"Date": None}, bbox_inches=box)
            text = file.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # nothing refers to them, and figures share them
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", lambda tag: _ROUNDED.sub(r"\1", tag[0]), text)
    return re.sub(r'<svg ([^>]*?)height="[^"]*"([^>]*?) width="[^"]*"', r"<svg \1\2", text, count=1)


def _panels(figure: go.Figure) -> Iterator[tuple[Any, Any, list[Any]]]:
    """Axes and what is drawn in them."""
    places: dict[tuple[str, str], list[Any]] = {}
    for trace in figure.data:
        places.setdefault((trace.xaxis or "x", trace.yaxis or "y"), []).append(trace)
    for (x, y), traces in places.items():
        x_axis = figure.layout[x.replace("x", "xaxis")]
        yield x_axis, figure.layout[y.replace("y", "yaxis")], traces


def _panel(drawn: Figure, figure: go.Figure, axis: tuple[Any, Any], traces: list[Any]) -> None:
    (left, right), (low, high) = axis[0].domain or (0, 1), axis[1].domain or (0, 1)
    axes = drawn.add_axes((left, low, right - left, high - low))
    bars = sum(len(trace.x) for trace in traces if trace.type == "bar")
    axes.set_rasterization_zorder(1.5 if bars > MOST_BARS else None)
    for trace in traces:
        _DRAW[trace.type](axes, trace)
    _scale(axes.xaxis, axis[0], axes.set_xscale, axes.set_xlim)
    _scale(axes.yaxis, axis[1], axes.set_yscale, axes.set_ylim)
    axes.set_xlabel(axis[0].title.text or "")
    axes.set_ylabel(axis[1].title.text or "")
    named = [trace for trace in traces if trace.name and trace.showlegend is not False]
    if len(named) > 1 or (named and figure.layout.showlegend):
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, fontsize=9, borderaxespad=0.2,
            handlelength=1.6, columnspacing=1.4,
        )  # fmt: skip


def _scale(
    axis: Any, asked: Any, set_scale: Callable[..., Any], set_limits: Callable[..., Any]
) -> None:
    log = asked.type == "log"
    if log:
        set_scale("log")
        low, high = axis.get_view_interval()
        narrow = high / low < NARROW
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=6))
        axis.set_major_formatter("{x:g}" if narrow else LogFormatterSciNotation())
        axis.set_minor_formatter(NullFormatter())
    elif asked.tickvals is None:
        axis.set_major_locator(MaxNLocator(6, integer=asked.dtick == 1))
    if asked.tickvals is not None:
        words = [str(text) for text in asked.ticktext]
        long = axis.axis_name == "x" and sum(map(len, words)) > 24
        turned = {"rotation": 30, "ha": "right"} if long else {}
        axis.set_ticks(list(asked.tickvals), words, fontsize=9, **turned)
    if asked.range is not None:
        set_limits(*(10**end for end in asked.range) if log else asked.range)
    if asked.tickformat:
        axis.set_major_formatter(lambda value, _: format(value, asked.tickformat))
    if asked.showgrid is False:
        axis.grid(False)


def _scatter(axes: Axes, trace: Any) -> None:
    mode, marker, opacity = trace.mode or "lines", trace.marker, trace.opacity or 1
    x, y = _numbers(trace.x), _numbers(trace.y)
    label = trace.name if trace.showlegend is not False else None
    if trace.error_y.array is not None:
        spread = _numbers(trace.error_y.array)
        axes.fill_between(x, y - spread, y + spread, color=trace.line.color, alpha=0.15, lw=0,
                          zorder=1)  # fmt: skip
    if "lines" in mode:
        style = "steps-post" if trace.line.shape == "hv" else "default"
        axes.plot(
            x, y, color=trace.line.color, lw=trace.line.width or 1.5, alpha=opacity, label=label,
            ls=_DASHES[trace.line.dash or "solid"], drawstyle=style, zorder=1,
        )  # fmt: skip
        label = None
    if "markers" in mode:
        _dots(axes, x, y, marker, opacity, label)
    if "text" in mode:
        for place, text in zip(zip(x, y, strict=True), trace.text, strict=True):
            middle = trace.textposition == "middle center"
            axes.annotate(
                text, place, fontsize=8, color=trace.textfont.color or "#5a646e", va="center",
                ha="center" if middle else "left", xytext=(0 if middle else 5, 0),
                textcoords="offset points",
            )  # fmt: skip


def _dots(
    axes: Axes, x: np.ndarray, y: np.ndarray, marker: Any, opacity: float, label: str | None
) -> None:
    colours = marker.color
    shaded = colours is not None and not isinstance(colours, str)
    if not shaded and not marker.line.color and marker.symbol in (None, "circle"):
        size = (marker.size or 6) * 0.8
        twice = [np.stack([one, one, np.full(len(one), np.nan)], 1).ravel() for one in (x, y)]
        axes.plot(*twice, color=colours, alpha=opacity, lw=size, solid_capstyle="round", zorder=1.2)
        axes.plot([], [], "o", color=colours, ms=size, label=label)
        return
    drawn = axes.scatter(
        x, y, c=_numbers(colours) if shaded else colours, s=(marker.size or 6) ** 2 * 0.75,
        cmap=_colours(marker.reversescale) if shaded else None, alpha=opacity, zorder=1.2,
        marker=_MARKERS[marker.symbol or "circle"], label=label,
        facecolors="none" if marker.symbol == "circle-open" else None,
        edgecolors=(marker.line.color or "none") if marker.symbol != "x" else None,
        linewidths=marker.line.width or 1,
    )  # fmt: skip
    if shaded and marker.showscale:
        _bar_of_colours(axes, drawn, marker.colorbar.title.text)


def _bars(axes: Axes, trace: Any) -> None:
    y, lengths = _numbers(trace.y), _numbers(trace.x)
    base = _numbers(trace.base) if trace.base is not None else np.zeros(len(y))
    axes.barh(
        y, lengths, left=base, height=trace.width or 0.7, color=trace.marker.color,
        label=trace.name, edgecolor="white", linewidth=0.4, zorder=1,
    )  # fmt: skip
    for place, end, text in zip(y, base + lengths, trace.text or (), strict=False):
        axes.annotate(text, (end, place), va="center", fontsize=9, xytext=(4, 0),
                      textcoords="offset points")  # fmt: skip


def _heat(axes: Axes, trace: Any) -> None:
    """Cells around whole numbers, the first row at the bottom; in blue."""
    axes.grid(False)
    z = np.array(trace.z, dtype=float)
    ends = [np.arange(count + 1) - 0.5 for count in z.shape]
    axes.pcolormesh(ends[1], ends[0], z, cmap="Blues", vmin=trace.zmin, vmax=trace.zmax,
                    edgecolors="white", linewidth=1)  # fmt: skip


def _contour(axes: Axes, trace: Any) -> None:
    x, y, z = _numbers(trace.x), _numbers(trace.y), np.array(trace.z, dtype=float)
    axes.grid(False)
    drawn = axes.contourf(x, y, z, 12, cmap=_colours(trace.reversescale), zorder=0.5)
    _bar_of_colours(axes, drawn, trace.colorbar.title.text)


def _parallel(drawn: Figure, trace: Any) -> None:
    """An upright axis a dimension, from 0 to 1, and a curve a trial."""
    dimensions = trace.dimensions
    axes = drawn.add_axes((0, 0, 1, 1))
    columns = []
    for place, dimension in enumerate(dimensions):
        values = _numbers(dimension.values)
        low, high = dimension.range or (values.min(), values.max())
        columns.append((values - low) / ((high - low) or 1.0))
        axes.axvline(place, color="#8a949e", lw=1, zorder=2)
        ticks = dimension.tickvals or MaxNLocator(5).tick_values(low, high)
        words = dimension.ticktext or [f"{tick:.4g}" for tick in ticks]
        for tick, word in zip(ticks, words, strict=True):
            at = (tick - low) / ((high - low) or 1.0)
            if -0.01 <= at <= 1.01:
                axes.annotate(
                    str(word)[:14], (place, at), xytext=(3, 0), textcoords="offset points",
                    fontsize=8, va="center", zorder=3, color="#333b44",
                    bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.7},
                )  # fmt: skip
        axes.annotate(dimension.label, (place, 1.05), rotation=30, fontsize=9, ha="left",
                      annotation_clip=False)  # fmt: skip
    _lines(axes, np.array(columns).T, trace.line)
    axes.set(xlim=(-0.05, len(columns) - 1 + 0.35), ylim=(-0.03, 1.03))
    axes.axis("off")


def _lines(axes: Axes, rows: np.ndarray, line: Any) -> None:
    """The best on top."""
    shade = Normalize(min(line.color), max(line.color))
    colours = _colours(line.reversescale)
    for row, value in list(zip(rows, line.color, strict=True))[::-1]:
        axes.plot(row, color=colours(shade(value)), lw=1.2, alpha=0.75, zorder=1)
    scale = ScalarMappable(shade, colours)
    _bar_of_colours(axes, scale, None)


def _bar_of_colours(axes: Axes, drawn: Any, title: str | None) -> None:
    figure: Any = axes.figure
    bar = figure.colorbar(drawn, ax=axes, pad=0.015, fraction=0.04, aspect=25)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8)
    bar.locator = MaxNLocator(5)
    if title:
        bar.set_label(title, fontsize=9)


def _colours(reverse: bool | None) -> Any:
    return colormaps["viridis_r" if reverse else "viridis"]


def _numbers(values: Sequence[Any]) -> np.ndarray:
    return np.array([math.nan if value is None else value for value in values], dtype=float)


_DRAW: Mapping[str, Callable[[Axes, Any], None]] = {
    "scatter": _scatter, "scattergl": _scatter, "bar": _bars, "heatmap": _heat,
    "contour": _contour,
}  # fmt: skip
