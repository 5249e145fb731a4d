"""A config of any space as a table of its decisions."""

from collections.abc import Mapping
from typing import Any, Literal

from matplotlib.figure import Figure

from automl_on_ray.search_spaces.drawings.rendering import rendered

ROW_INCHES = 0.27


def table_text(config: Mapping[str, Any]) -> str:
    """A line a decision: `width   16`."""
    broad = max(map(len, config), default=0)
    return "\n".join(f"{key:{broad}}  {_told(value)}" for key, value in config.items())


def draw_table(config: Mapping[str, Any], format: Literal["png", "svg"] = "svg") -> bytes:
    """The same as a picture; the file's bytes, equal for equal configs."""
    count = max(len(config), 1)
    broad = 0.09 * sum(
        max((len(text) for text in column), default=1)
        for column in (config, map(_told, config.values()))
    )
    figure = Figure(figsize=(broad + 0.8, ROW_INCHES * count + 0.3))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, broad + 0.8)
    axes.set_ylim(count - 0.2, -0.8)
    axes.axis("off")
    for row, (key, value) in enumerate(config.items()):
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, color="#f1f4f6", linewidth=0)
        axes.text(0.2, row, key, va="center", fontsize=10, color="#444444")
        axes.text(broad + 0.6, row, _told(value), va="center", ha="right", fontsize=10)
    return rendered(figure, format)


def _told(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
