"""Figures of what a study of forecasts found on its test part."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import plotly.graph_objects as go

from automl_on_ray.studies.forecasting import Example, ForecastReport, compared_lines
from automl_on_ray.studies.report.kinds.drawing import dots, in_rows, line
from automl_on_ray.studies.report.style import BEST, BLUE, FEW, GREY, laid_out
from automl_on_ray.studies.results import FORECAST_REPORT, StoredStudy

DARK, SECOND = "#333b44", "#8a6d4b"
COLUMNS = 2  # of examples
ROW, GAP, BETWEEN = 250, 0.06, 0.09  # pixels of a row; shares of the figure between panels
LONGEST = 40  # of a series' name
CAPTIONS = {
    "Forecasts": "Series that were drawn by chance. The shade is from level 0.1 to 0.9: four of "
    "five true values should be in it. Step 0 is the last one that was known.",
    "Comparison with baselines": "A line is the 95 % interval by bootstrap over series.",
    "Error by step": "Mean absolute error at each step ahead, by the series' own scale (that of "
    "seasonal naive within its history).",
    "Coverage by level": "How often the truth was at or below each level. On the dotted line "
    "words and facts agree.",
}


def report_of_forecasts(study: StoredStudy) -> ForecastReport | None:
    """What a study of forecasts has found on its test part; None before it has looked there."""
    file = study.path / FORECAST_REPORT
    return ForecastReport.of(json.loads(file.read_text())["report"]) if file.exists() else None


def figures_of(study: StoredStudy) -> Mapping[str, go.Figure]:
    """Those of a study of forecasts that has looked at its test part."""
    report = report_of_forecasts(study)
    return forecast_figures(report) if report else {}


def sure_of(study: StoredStudy) -> list[str]:
    """What was compared on the test part, in lines; empty without such a part."""
    report = report_of_forecasts(study)
    return compared_lines(report) if report else []


def forecast_figures(report: ForecastReport) -> dict[str, go.Figure]:
    """Figures by name; `CAPTIONS` say what they show."""
    return {name: draw(report) for name, draw in _DRAW.items()}


def examples(report: ForecastReport) -> go.Figure:
    """A panel a series: what was known, the truth, what was given, and the best baseline."""
    traces: list[go.Scatter] = []
    layout: dict[str, Any] = {}
    rows = -(-len(report.examples) // COLUMNS)
    for number, one in enumerate(report.examples):
        suffix = str(number + 1) if number else ""
        row, column = divmod(number, COLUMNS)
        own = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        drawn = _of_series(one, report, named=not number)
        traces += [trace.update(**own) for trace in drawn]
        layout[f"xaxis{suffix}"] = {
            "domain": _part(column, COLUMNS, GAP), "anchor": own["yaxis"],
            "title": {"text": _title(one)},
        }  # fmt: skip
        layout[f"yaxis{suffix}"] = {
            "domain": _part(rows - 1 - row, rows, BETWEEN), "anchor": own["xaxis"],
        }  # fmt: skip
    figure = laid_out(traces, x="", y="")
    return figure.update_layout(height=ROW * rows, width=900, showlegend=True, **layout)


def _of_series(one: Example, report: ForecastReport, *, named: bool) -> list[go.Scatter]:
    """What is ahead begins at the last known value: one step alone would be no line."""
    steps = [step - len(one.past) + 1 for step in range(len(one.times))]
    known, ahead, last = steps[: len(one.past)], steps[len(one.past) - 1 :], one.past[-1]
    middles = [(low + high) / 2 for low, high in zip(one.low, one.high, strict=True)]
    halves = [(high - low) / 2 for low, high in zip(one.low, one.high, strict=True)]
    band = go.Scatter(
        x=ahead, y=[last, *middles], mode="none", showlegend=False, line={"color": BEST},
        error_y={"array": [0.0, *halves], "color": BEST, "thickness": 1},
    )  # fmt: skip
    drawn = [
        line(known, one.past, GREY).update(name="known"),
        line(ahead, [last, *one.truth], DARK).update(name="truth"),
    ]
    if report.best_baseline:
        own = line(ahead, [last, *one.baseline], SECOND, dash="dash")
        drawn.append(own.update(name=report.best_baseline))
    given = line(ahead, [last, *one.middle], BEST).update(name=report.compared[-1].name)
    return [band, *(trace.update(showlegend=named) for trace in (*drawn, given))]


def _title(one: Example) -> str:
    name = one.series if len(one.series) <= LONGEST else f"{one.series[:LONGEST]}..."
    last = one.times[-1]
    return f"{name}, up to {'step ' if last.isdecimal() else ''}{last}"


def _part(place: int, of: int, gap: float) -> list[float]:
    """From where to where the panel at a place lies, as shares."""
    width = (1 - gap * (of - 1)) / of
    start = place * (width + gap)
    return [start, min(1.0, start + width)]


def comparison(report: ForecastReport) -> go.Figure:
    """Each way to forecast with its interval, the study's own at the bottom."""
    rows = list(report.compared)[::-1]
    traces: list[Any] = []
    for place, one in enumerate(rows):
        found, colour = one.interval, BLUE if place else BEST
        end = found.value if found.high is None else found.high
        if found.low is not None:
            traces.append(line([found.low, found.high], [place, place], colour))
        traces.append(dots([found.value], [place], colour, 9))
        told = go.Scatter(x=[end], y=[place], mode="text", text=[f"{found.value:.4g}"])
        traces.append(told.update(showlegend=False))
    figure = laid_out(traces, x=f"{report.metric} (lower is better)", y="")
    return in_rows(figure, [one.name for one in rows])


def by_step(report: ForecastReport) -> go.Figure:
    """A line a way to forecast; those of baselines are dotted."""
    steps = list(range(1, report.horizon + 1))
    colours = [GREY, SECOND, BLUE, DARK, BEST]
    traces = []
    for one, colour in zip(report.compared, colours[-len(report.compared) :], strict=False):
        dash = "dot" if one.name in report.baselines else "solid"
        own = line(steps, one.by_step, colour, dash=dash)
        traces.append(own.update(name=one.name, showlegend=True))
    if report.horizon == 1:
        traces = [trace.update(mode="markers", marker={"color": trace.line.color, "size": 9})
                  for trace in traces]  # fmt: skip
    figure = laid_out(traces, x="step ahead", y="mean absolute scaled error")
    return figure.update_xaxes(dtick=1 if report.horizon <= FEW else None)


def coverage(report: ForecastReport) -> go.Figure:
    """Of what the study gives, and of the best baseline."""
    traces = [line([0, 1], [0, 1], GREY, dash="dot")]
    shown = {report.compared[-1].name: BEST, report.best_baseline: SECOND}
    for name, colour in shown.items():
        if not name:
            continue
        own = report.named(name).below
        traces.append(line(report.levels, own, colour).update(name=name, showlegend=True))
        traces.append(dots(report.levels, own, colour, 7))
    figure = laid_out(traces, x="level", y="share of the truth at or below it")
    figure.update_xaxes(range=[0, 1]).update_yaxes(range=[0, 1])
    return figure.update_layout(width=520, height=440)


_DRAW: Mapping[str, Callable[[ForecastReport], go.Figure]] = {
    "Forecasts": examples,
    "Comparison with baselines": comparison,
    "Error by step": by_step,
    "Coverage by level": coverage,
}
