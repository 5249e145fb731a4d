"""Figures of what a study of a recommender found on its test part."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from automl_on_ray.studies.report.kinds.drawing import dots, in_rows, line
from automl_on_ray.studies.report.style import BEST, BLUE, GREY, laid_out
from automl_on_ray.studies.results import RECOMMEND_REPORT, StoredStudy
from automl_on_ray.trainables.recommendation.test_report import (
    FOUND,
    SPELLED,
    Compared,
    RecommendReport,
    lines_of,
)

LONGEST = 40  # letters of an item's name
CAPTIONS = {
    "Recommenders compared": "All items ranked for each user of the test part. A line is the 95 % "
    "interval by bootstrap over users.",
    "By how active a user is": "The mean over users with so many events before the test part, of "
    "what was found and of the classical method that is best on the test part.",
    "Coverage and accuracy": "The share of all items that stand in the first ten of any user, "
    "against the metric that is compared.",
    "Most recommended items": "By the share of users to whom what was found recommends them; the "
    "grey bar is the share of all users who had it before.",
}


def report_of_recommender(study: StoredStudy) -> RecommendReport | None:
    """What the study has found on its test part; None for other studies, and before its end."""
    file = study.path / RECOMMEND_REPORT
    return RecommendReport.of(json.loads(file.read_text())["report"]) if file.exists() else None


def figures_of(study: StoredStudy) -> Mapping[str, go.Figure]:
    """Those of a study of a recommender that has looked at its test part."""
    report = report_of_recommender(study)
    return recommender_figures(report) if report else {}


def sure_of(study: StoredStudy) -> list[str]:
    """What was compared on the test part, in lines; empty without such a part."""
    report = report_of_recommender(study)
    return lines_of(report) if report else []


def recommender_figures(report: RecommendReport) -> dict[str, go.Figure]:
    """Figures by name, those that the report has anything for; `CAPTIONS` say what they show."""
    return {name: drawn for name, draw in _DRAW.items() if (drawn := draw(report)) is not None}


def comparison(report: RecommendReport) -> go.Figure:
    """Each recommender with its interval, what was found at the bottom."""
    rows = list(report.compared)[::-1]
    traces: list[Any] = []
    for place, one in enumerate(rows):
        colour, found = _colour(one), one.interval
        traces.append(line([found.low, found.high], [place, place], colour))
        traces.append(dots([found.value], [place], colour, 9))
        traces.append(_texts([found.high], [place], [f"{found.value:.4f}"]))
    figure = laid_out(traces, x=f"{SPELLED[report.metric]} (higher is better)", y="")
    return in_rows(figure, [one.name for one in rows])


def by_activity(report: RecommendReport) -> go.Figure | None:
    """What was found against the best of the others; None where all users are alike."""
    if len(report.activity) < 2:
        return None
    others = report.compared[:-1]
    best = max(others, key=lambda one: one.interval.value, default=None)
    shown = [(best.name, BLUE)] if best else []
    places = list(range(len(report.activity)))
    traces = [
        go.Scatter(
            x=places, y=[part.means[name] for part in report.activity], mode="lines+markers",
            name=name, line={"color": colour, "width": 2}, marker={"color": colour, "size": 8},
        )
        for name, colour in [*shown, (FOUND, BEST)]
    ]  # fmt: skip
    figure = laid_out(
        traces, x="events of a user before the test part", y=SPELLED[report.metric]
    )  # fmt: skip
    words = [f"{part.low}-{part.high} ({part.users} users)" for part in report.activity]
    figure.update_xaxes(tickvals=places, ticktext=words, range=[-0.3, len(places) - 0.7])
    return figure.update_layout(width=760, showlegend=True)


def coverage_and_accuracy(report: RecommendReport) -> go.Figure:
    """A dot a recommender, with its name."""
    traces = []
    for one in report.compared:
        at = ([one.scores["coverage"]], [one.scores[report.metric]])
        traces += [dots(*at, _colour(one), 9), _texts(*at, [one.name])]
    figure = laid_out(traces, x="coverage", y=SPELLED[report.metric])
    figure.update_xaxes(tickformat=".0%")
    return figure.update_layout(width=640)


def most_recommended(report: RecommendReport) -> go.Figure | None:
    """The most often recommended on top; None where nothing was."""
    rows = list(report.shown)[::-1]
    if not rows:
        return None
    places = list(range(len(rows)))
    bars = [
        _bars(
            "of users it is recommended to", [one.recommended for one in rows], places, BLUE, 0.2
        ),
        _bars("of users who had it", [one.known for one in rows], places, GREY, -0.2),
    ]
    figure = laid_out(bars, x="share of users", y="")
    figure.update_xaxes(tickformat=".0%")
    return in_rows(figure, [one.item[:LONGEST] for one in rows])


def _bars(
    name: str, lengths: Sequence[float], places: Sequence[int], colour: str, aside: float
) -> go.Bar:
    return go.Bar(
        x=list(lengths), y=[place + aside for place in places], orientation="h", name=name,
        marker={"color": colour}, width=0.36,
    )  # fmt: skip


def _colour(one: Compared) -> str:
    return BEST if one.name == FOUND else BLUE


def _texts(x: Sequence[float], y: Sequence[float], texts: Sequence[str]) -> go.Scatter:
    return go.Scatter(x=list(x), y=list(y), mode="text", text=list(texts), showlegend=False)


_DRAW: Mapping[str, Callable[[RecommendReport], go.Figure | None]] = {
    "Recommenders compared": comparison,
    "By how active a user is": by_activity,
    "Coverage and accuracy": coverage_and_accuracy,
    "Most recommended items": most_recommended,
}
