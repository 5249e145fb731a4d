"""What the best trial has tuned by gradients, over its epochs."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from automl_on_ray.studies.report.style import BEST, GREY, in_ones
from automl_on_ray.studies.results import StoredStudy

REPORTED = "hyper/"
COLUMNS = 3
SPREAD = 10  # values of which the largest is so many times the least are on a log scale
PARTS = {"min": GREY, "mean": BEST, "max": GREY}  # of a key with several values


def tuned_values(study: StoredStudy) -> go.Figure | None:
    """A panel a key, from its start; the least, the mean and the largest of several values.

    None if nothing was tuned.
    """
    best = study.best
    lines: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for epoch, told in best.curve if best else ():
        for name, value in told.items():
            if name.startswith(REPORTED):
                key, part = _parted(name.removeprefix(REPORTED))
                lines.setdefault(key, {}).setdefault(part, []).append((epoch, value))
    if best is None or not lines:
        return None
    for key, parts in lines.items():
        if key in best.config and "mean" in parts:
            parts["mean"].insert(0, (0, best.config[key]))  # where it started
    columns = min(COLUMNS, len(lines))
    rows = -(-len(lines) // columns)
    figure = make_subplots(
        rows, columns, horizontal_spacing=0.4 / columns, vertical_spacing=0.28 / rows
    )
    for place, (key, parts) in enumerate(lines.items()):
        where = {"row": place // columns + 1, "col": place % columns + 1}
        for part, points in parts.items():
            figure.add_trace(_line(part, points), **where)
        values = [value for points in parts.values() for _, value in points]
        wide = min(values) > 0 and max(values) > SPREAD * min(values)
        figure.update_yaxes(title_text=key, type="log" if wide else "linear", **where)
        figure.update_xaxes(title_text="epoch", **where)
    for axis in figure.select_xaxes():
        in_ones(axis, best.iterations)
    size = {"height": 60 + 240 * rows, "width": 300 * columns}
    return figure.update_layout(template="plotly_white", showlegend=False, **size)


def _parted(name: str) -> tuple[str, str]:
    key, _, part = name.rpartition("/")
    return (key, part) if key and part in PARTS else (name, "mean")


def _line(part: str, points: list[tuple[int, float]]) -> go.Scatter:
    mode = "lines" if len(points) > 1 else "markers"
    return go.Scatter(
        x=[epoch for epoch, _ in points], y=[value for _, value in points], mode=mode,
        line={"color": PARTS[part], "width": 2.4 if part == "mean" else 1.4},
    )  # fmt: skip
