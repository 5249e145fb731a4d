"""Figures of what a study of labelled series found on its test part."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl_on_ray.studies.report.kinds.tables import comparison, confusion
from automl_on_ray.studies.report.style import BEST, BLUE, laid_out
from automl_on_ray.studies.results import SERIES_REPORT, StoredStudy
from automl_on_ray.trainables.series_classes.test_report import (
    Example,
    SeriesReport,
    compared_lines,
)

APART, HIGH = 1.12, 0.7  # columns of examples, and the share of a row that one takes
COMPARISON, CONFUSION, EXAMPLES = (
    "Comparison on the test series",
    "Confusion of classes",
    "Examples by class",
)
CAPTIONS = {
    COMPARISON: "A line is the 95 % interval by bootstrap over the test series.",
    CONFUSION: "Test series by their true class and the model's answer; darker is a larger share "
    "of the true class.",
    EXAMPLES: "The first test series of each class, their first channel. Red ones were taken for "
    "another class, whose name stands above.",
}


def figures_of(study: StoredStudy) -> Mapping[str, go.Figure]:
    """Those of a study of series that has looked at its test part."""
    report = report_of_series(study)
    return series_figures(report) if report else {}


def sure_of(study: StoredStudy) -> list[str]:
    """What was compared on the test part, in lines; empty without such a part."""
    report = report_of_series(study)
    return compared_lines(report) if report else []


def report_of_series(study: StoredStudy) -> SeriesReport | None:
    """What a study of series has found on its test part; None before it has looked there."""
    file = study.path / SERIES_REPORT
    return SeriesReport.of(json.loads(file.read_text())["report"]) if file.exists() else None


def series_figures(report: SeriesReport) -> dict[str, go.Figure]:
    """By name; `CAPTIONS` say what they show."""
    confused = confusion(report)
    return {
        COMPARISON: comparison(report),
        **({CONFUSION: confused} if confused else {}),
        **({EXAMPLES: _examples(report.examples)} if report.examples else {}),
    }


def _examples(examples: Sequence[Example]) -> go.Figure:
    """A row a class, the first on top; each series as high as its row and as wide as its column."""
    classes = list(dict.fromkeys(one.label for one in examples))
    drawn = dict.fromkeys(classes, 0)
    traces: list[Any] = []
    for one in examples:
        row, column = len(classes) - 1 - classes.index(one.label), drawn[one.label]
        drawn[one.label] += 1
        right = one.said == one.label
        points = np.array(one.points)
        spread = float(np.ptp(points)) or 1.0
        traces.append(
            go.Scatter(
                x=(column * APART + np.linspace(0, 1, len(points))).tolist(),
                y=(row + HIGH * ((points - points.min()) / spread - 0.5)).tolist(),
                mode="lines", line={"color": BLUE if right else BEST, "width": 1.2},
                showlegend=False,
            )
        )  # fmt: skip
        if not right:
            told = go.Scatter(
                x=[column * APART + 0.5], y=[row + 0.5], mode="text", text=[one.said],
                textposition="middle center", textfont={"color": BEST}, showlegend=False,
            )  # fmt: skip
            traces.append(told)
    figure = laid_out(traces, x="", y="")
    figure.update_xaxes(showgrid=False, tickvals=[], ticktext=[])
    figure.update_yaxes(
        showgrid=False, range=[-0.6, len(classes) - 0.3], tickvals=list(range(len(classes))),
        ticktext=classes[::-1],
    )  # fmt: skip
    return figure.update_layout(height=80 + 80 * len(classes), width=760)
