"""Figures of what a study of a table found on its test part."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import plotly.graph_objects as go

from automl_on_ray.studies.report.kinds.drawing import dots, in_rows, line
from automl_on_ray.studies.report.style import BEST, BLUE, GREY, laid_out
from automl_on_ray.studies.results import TABLE_REPORT, StoredStudy
from automl_on_ray.trainables.tables.test_report import (
    Compared,
    Confusion,
    TableReport,
    compared_lines,
)

MOST_BARS = 20
FULL = 0.6  # of a true class's rows: on so dark a cell the count is white
CAPTIONS = {
    "Comparison on the test part": "A line is the 95 % interval by bootstrap over the test rows; "
    "where these are of groups, over whole groups.",
    "Importance of columns": "How much worse it is if a column's values change rows, on test "
    "rows; the line is a 95 % interval. Of columns that tell the same, each has little.",
    "Calibration": "Rows with neighbouring probabilities: how often it was true, with a 95 % "
    "interval. On the dotted line words and facts agree.",
    "Confusion": "Test rows by their true class and the ensemble's answer; darker is a larger "
    "share of the true class.",
    "Predicted and true": "Test rows, by the ensemble; on the dotted line both are the same.",
}


class Tested(Protocol):
    """What reports of several kinds of data have."""

    @property
    def metric(self) -> str: ...

    @property
    def better(self) -> str: ...

    @property
    def compared(self) -> Sequence[Compared]: ...

    @property
    def confusion(self) -> Confusion | None: ...


def report_of_table(study: StoredStudy) -> TableReport | None:
    """What a study of a table has found on its test part; None before it has looked there."""
    file = study.path / TABLE_REPORT
    return TableReport.of(json.loads(file.read_text())["report"]) if file.exists() else None


def figures_of(study: StoredStudy) -> Mapping[str, go.Figure]:
    """Those of a study of a table that has looked at its test part."""
    report = report_of_table(study)
    return table_figures(report) if report else {}


def sure_of(study: StoredStudy) -> list[str]:
    """What was compared on the test part, in lines; empty without such a part."""
    report = report_of_table(study)
    return compared_lines(report) if report else []


def table_figures(report: TableReport) -> dict[str, go.Figure]:
    """Figures by name, those that the report has anything for; `CAPTIONS` say what they show."""
    return {
        name: figure for name, draw in _DRAW.items() if (figure := draw(report)) is not None
    }  # fmt: skip


def comparison(report: Tested) -> go.Figure:
    """Each way to answer with its interval, the study's own at the bottom."""
    rows = list(report.compared)[::-1]
    colours = [BEST, *[BLUE] * (len(rows) - 1)]
    traces: list[Any] = []
    for place, (one, colour) in enumerate(zip(rows, colours, strict=True)):
        found = one.interval
        traces.append(line([found.low, found.high], [place, place], colour))
        traces.append(dots([found.value], [place], colour, 9))
        told = go.Scatter(x=[found.high], y=[place], mode="text", text=[f"{found.value:.4g}"])
        traces.append(told.update(showlegend=False))
    wanted = f"{report.metric} ({'higher' if report.better == 'max' else 'lower'} is better)"
    return in_rows(laid_out(traces, x=wanted, y=""), [one.name for one in rows])


def column_importance(report: TableReport) -> go.Figure | None:
    """The greatest on top."""
    rows = list(report.importance[:MOST_BARS])[::-1]
    if not rows:
        return None
    places = list(range(len(rows)))
    bars = go.Bar(
        x=[one.loss for one in rows], y=places, orientation="h",
        marker={"color": BLUE}, width=0.6, showlegend=False,
    )  # fmt: skip
    ends = [end for one in rows for end in (one.low, one.high, None)]
    lines = line(ends, [place for at in places for place in (at, at, None)], "#333b44")
    figure = laid_out(
        [bars, lines], x=f"how much worse {report.metric} is without the column", y=""
    )
    return in_rows(figure, [one.column for one in rows])


def calibration(report: TableReport) -> go.Figure | None:
    """None for a regression."""
    told = report.calibration
    if told is None:
        return None
    ends = [end for one in told.bins for end in (one.low, one.high, None)]
    places = [place for one in told.bins for place in (one.said, one.said, None)]
    traces = [
        line([0, 1], [0, 1], GREY, dash="dot"),
        line(places, ends, BLUE),
        dots([one.said for one in told.bins], [one.happened for one in told.bins], BLUE, 8),
    ]
    figure = laid_out(traces, x=told.of, y="share of rows for which it was true")
    figure.update_xaxes(range=[0, 1]).update_yaxes(range=[0, 1])
    return figure.update_layout(width=520, height=440)


def confusion(report: Tested) -> go.Figure | None:
    """True classes from the top down, answers from the left; None for a regression."""
    told = report.confusion
    if told is None:
        return None
    counts = np.array(told.counts[::-1])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = go.Heatmap(z=shares.tolist(), colorscale="Blues", zmin=0, zmax=1, showscale=False)
    traces: list[Any] = [cells]
    for colour, chosen in (("white", shares > FULL), ("#333b44", shares <= FULL)):
        ups, acrosses = np.nonzero(chosen)
        traces.append(
            go.Scatter(
                x=acrosses.tolist(), y=ups.tolist(), mode="text", showlegend=False,
                text=[f"{counts[at]:,}" for at in zip(ups, acrosses, strict=True)],
                textposition="middle center", textfont={"color": colour},
            )
        )  # fmt: skip
    figure = laid_out(traces, x="answer", y="true")
    many = len(told.classes)
    ticks = {"tickvals": list(range(many)), "showgrid": False}
    figure.update_xaxes(ticktext=list(told.classes), **ticks)
    figure.update_yaxes(ticktext=list(told.classes[::-1]), **ticks)
    return figure.update_layout(width=260 + 44 * many, height=160 + 36 * many)


def predicted_and_true(report: TableReport) -> go.Figure | None:
    """None for classes."""
    if not report.points:
        return None
    true, said = (list(values) for values in zip(*report.points, strict=True))
    ends = [min(*true, *said), max(*true, *said)]
    traces = [
        line(ends, ends, GREY, dash="dot"),
        go.Scatter(
            x=said, y=true, mode="markers", marker={"color": BLUE, "size": 5}, opacity=0.5,
            showlegend=False,
        ),
    ]  # fmt: skip
    figure = laid_out(traces, x=f"predicted {report.target}", y=f"true {report.target}")
    return figure.update_layout(width=560, height=460)


_DRAW: Mapping[str, Callable[[TableReport], go.Figure | None]] = {
    "Comparison on the test part": comparison,
    "Importance of columns": column_importance,
    "Calibration": calibration,
    "Confusion": confusion,
    "Predicted and true": predicted_and_true,
}
