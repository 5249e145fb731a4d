"""Figures of several objectives, and of several studies."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from automl_on_ray.studies.report.style import BEST, BLUE, GREY, laid_out
from automl_on_ray.studies.results import StoredStudy
from automl_on_ray.tracking.reports import Front, hypervolume as area

COLOURS = (BEST, BLUE, "#5aa77a", "#e0b35c", "#7b5ea7", "#3f8f9b", "#8a6d4b", "#5a646e")


def pareto(study: StoredStudy) -> go.Figure:
    """All trials by the first two objectives, and those that none beats in all."""
    x, y = study.objectives[:2]
    front = sorted(study.front, key=lambda trial: trial.metrics[x.metric])
    chosen = {trial.trial_id for trial in front}
    others = [trial for trial in study.ranked if trial.trial_id not in chosen]
    groups = [(others, "beaten in all", GREY, "markers"), (front, "front", BEST, "lines+markers")]
    traces = [
        go.Scatter(
            x=[t.metrics[x.metric] for t in trials], y=[t.metrics[y.metric] for t in trials],
            mode=mode, name=name, marker={"color": colour, "size": 8},
            line={"color": colour, "width": 1, "dash": "dot"}, text=[t.trial_id for t in trials],
        )
        for trials, name, colour, mode in groups
    ]  # fmt: skip
    wanted = [f"{o.metric} ({'higher' if o.mode == 'max' else 'lower'} is better)" for o in (x, y)]
    return laid_out(traces, x=wanted[0], y=wanted[1]).update_layout(width=640, height=420)


def hypervolume(study: StoredStudy) -> go.Figure:
    """The area that the front of the trials so far has over the worst values, as a share.

    1 is a trial as good as the best in both of the first two objectives.
    """
    rows = sorted(study.ranked, key=lambda trial: trial.began)
    values = np.array(
        [[o.sign() * t.metrics[o.metric] for o in study.objectives[:2]] for t in rows]
    )
    low, high = values.min(axis=0), values.max(axis=0)
    units = (values - low) / np.where(high > low, high - low, 1.0)
    front, shares = Front(), [0.0]
    for x, y in units.tolist():
        changed = front.add(x, y)
        shares.append(area(front.points, (0.0, 0.0)) if changed else shares[-1])
    line = go.Scatter(
        x=list(range(1, len(shares))), y=shares[1:], mode="lines",
        line={"color": BEST, "shape": "hv", "width": 2.5}, name="hypervolume",
    )  # fmt: skip
    return laid_out([line], x="trial, in the order they began", y="hypervolume of the front")


def distribution(study: StoredStudy, others: Sequence[StoredStudy]) -> go.Figure:
    """Which share of its trials had so good a value or a better one, study by study."""
    first = study.objectives[0]
    traces = []
    for number, one in enumerate([study, *others]):
        values = sorted((t.metrics[first.metric] for t in one.ranked), reverse=first.mode == "max")
        traces.append(
            go.Scatter(
                x=values, y=[(place + 1) / len(values) for place in range(len(values))],
                mode="lines", name=f"{one.name} ({len(values)})",
                line={
                    "color": COLOURS[number % len(COLOURS)],
                    "width": 2.5 if one is study else 1.5,
                },
            )
        )  # fmt: skip
    figure = laid_out(traces, x=first.metric, y="share of trials as good or better")
    return figure.update_yaxes(tickformat=".0%").update_layout(showlegend=True)


def comparable_studies(study: StoredStudy, others: Sequence[StoredStudy]) -> list[StoredStudy]:
    """Those with the same first objective that have trials to compare."""
    return [
        other
        for other in others
        if other.path != study.path and other.objectives[:1] == study.objectives[:1]
        and other.ranked
    ]  # fmt: skip
