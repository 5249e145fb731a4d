"""Figures of what a study's hyperparameters did."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective, finite
from automl_on_ray.studies.importance import Analysis, Parameter, Surrogate, first_two, word_of
from automl_on_ray.studies.report.style import BEST, BLUE, GREY, laid_out
from automl_on_ray.studies.results import StoredStudy

MOST_AXES = 14  # of parallel coordinates, beside the objectives
MOST_LINES, MOST_DOTS = 200, 400  # drawn, of more trials
MOST_BARS = 12
FEW = 12  # whole numbers, which have a tick each
MOST_SLICES, LEAST_SHARE = 6, 0.01
SLICE_POINTS, CONTOUR_POINTS = 41, 25


def parallel_coordinates(study: StoredStudy, analysis: Analysis) -> go.Figure:
    """One line a trial through its hyperparameters to its objectives, coloured by the first.

    The most important axes next to the objectives.
    """
    rows = _thinned(study.ranked, MOST_LINES)
    places = {name: place for place, name in enumerate(analysis.importance)}
    ordered = sorted(analysis.parameters, key=lambda p: places.get(p.name, len(places)))
    with_values = [p for p in ordered if any(_has(r.config, p) for r in rows)]
    axes = [_axis(p, [r.config.get(p.name) for r in rows]) for p in with_values[:MOST_AXES]][::-1]
    axes += [
        {"label": o.metric, "values": [finite(row.metrics[o.metric]) for row in rows]}
        for o in study.objectives
    ]
    first = study.objectives[0]
    line = {
        "color": [row.metrics[first.metric] for row in rows],
        "colorscale": "Viridis",
        "reversescale": first.mode == "min",
        "showscale": True,
    }
    figure = go.Figure(go.Parcoords(line=line, dimensions=axes, labelangle=-25))
    width = max(900, 75 * len(axes))
    return figure.update_layout(
        width=width, height=480, margin={"l": 90, "r": 60, "t": 100, "b": 40}
    )


def importance_bars(importance: Mapping[str, float]) -> go.Figure:
    """Shares in [0, 1], the greatest on top."""
    ranked = list(importance.items())[:MOST_BARS][::-1]
    bars = go.Bar(
        x=[share for _, share in ranked], y=list(range(len(ranked))), orientation="h",
        text=[f"{share:.0%}" for _, share in ranked], marker={"color": BLUE}, width=0.7,
    )  # fmt: skip
    figure = laid_out([bars], x="share of the variance", y="")
    ticks = {"tickvals": list(range(len(ranked))), "ticktext": [name for name, _ in ranked]}
    figure.update_yaxes(showgrid=False, **ticks).update_xaxes(tickformat=".0%")
    return figure.update_layout(height=110 + 24 * len(ranked), width=700)


def slices(
    analysis: Analysis, model: Surrogate | None, objective: Objective, best: Config
) -> go.Figure:
    """Along each main parameter: the trials, and the model with the rest as in the best trial.

    Without a model, along the first parameters.
    """
    seen_in = analysis.data.configs
    by_name = {p.name: p for p in analysis.parameters if any(_has(c, p) for c in seen_in)}
    names = [name for name, share in analysis.importance.items() if share >= LEAST_SHARE]
    chosen = [by_name[name] for name in (names or list(by_name))[:MOST_SLICES] if name in by_name]
    columns = min(3, len(chosen))
    rows = -(-len(chosen) // columns)
    figure = make_subplots(rows, columns, shared_yaxes=True, horizontal_spacing=0.05,
                           vertical_spacing=0.28 / rows)  # fmt: skip
    for place, parameter in enumerate(chosen):
        row, column = divmod(place, columns)
        where = {"row": row + 1, "col": column + 1}
        traces = [_seen(parameter, analysis)]
        if (
            model is not None and parameter.name in best
        ):  # else the model has nothing to keep the rest as
            traces.insert(0, _predicted(parameter, model, best))
        for trace in traces:
            figure.add_trace(trace.update(showlegend=False), **where)
        figure.update_xaxes(title_text=parameter.name, **_ticks(parameter), **where)
        if column == 0:
            figure.update_yaxes(title_text=objective.metric, **where)
    seen = [value for trace in figure.data for value in trace.y]
    margin = 0.06 * (max(seen) - min(seen)) or 0.5
    figure.update_yaxes(range=[min(seen) - margin, max(seen) + margin])
    size = {"height": 60 + 240 * rows, "width": 300 * columns}
    return figure.update_layout(template="plotly_white", **size)


def contour(
    analysis: Analysis, model: Surrogate, objective: Objective, best: Config
) -> go.Figure | None:
    """What the model foretells over the two that matter most, the rest as in the best trial."""
    two = first_two(analysis)
    if len(two) < 2:
        return None
    (x, across), (y, up) = ((p, _grid(p, CONTOUR_POINTS)) for p in two)
    configs = [{**best, x.name: a, y.name: b} for b in up for a in across]
    predicted = model.predict(configs).reshape(len(up), len(across))
    surface = go.Contour(
        x=[_place(x, value) for value in across], y=[_place(y, value) for value in up],
        z=predicted.tolist(), colorscale="Viridis", reversescale=objective.mode == "min",
        colorbar={"title": {"text": objective.metric}},
    )  # fmt: skip
    seen = _thinned(analysis.data.configs, MOST_DOTS)
    dots = _dots(seen, x, y, color="white", size=5, line={"color": "#333b44", "width": 0.7})
    chosen = go.Scatter(
        x=[_place(x, best.get(x.name))], y=[_place(y, best.get(y.name))], mode="markers",
        name="best", marker={"color": BEST, "symbol": "star", "size": 15}, showlegend=False,
    )  # fmt: skip
    return _over_two([surface, dots, chosen], x, y)


def ranks(analysis: Analysis, objective: Objective) -> go.Figure | None:
    """The trials over the same two, coloured by their rank: 0 is the best."""
    two = first_two(analysis)
    if len(two) < 2:
        return None
    x, y = two
    order = np.argsort(np.argsort(-objective.sign() * np.array(analysis.data.values)))
    pairs = list(zip(analysis.data.configs, order / max(1, len(order) - 1), strict=True))
    seen = _thinned(pairs, MOST_DOTS)
    marker = {
        "color": [float(rank) for _, rank in seen], "colorscale": "Viridis", "size": 9,
        "reversescale": True, "showscale": True, "colorbar": {"title": {"text": "rank"}},
    }  # fmt: skip
    return _over_two([_dots([config for config, _ in seen], x, y, **marker)], x, y)


def _over_two(traces: Sequence[Any], x: Parameter, y: Parameter) -> go.Figure:
    figure = laid_out(traces, x=x.name, y=y.name).update_layout(width=640, height=420)
    return figure.update_xaxes(**_ticks(x)).update_yaxes(**_ticks(y))


def _dots(configs: Sequence[Config], x: Parameter, y: Parameter, **marker: Any) -> go.Scatter:
    return go.Scatter(
        x=[_place(x, config.get(x.name)) for config in configs],
        y=[_place(y, config.get(y.name)) for config in configs],
        mode="markers", marker=marker, name="trials", showlegend=False,
    )  # fmt: skip


def _seen(parameter: Parameter, analysis: Analysis) -> go.Scatter:
    pairs = list(zip(analysis.data.configs, analysis.data.values, strict=True))
    have = [(config[parameter.name], value) for config, value in pairs if parameter.name in config]
    return go.Scatter(
        x=[_place(parameter, at) for at, _ in have], y=[value for _, value in have],
        mode="markers", name="trials", marker={"color": BLUE, "size": 5}, opacity=0.8,
    )  # fmt: skip


def _predicted(parameter: Parameter, model: Surrogate, best: Config) -> go.Scatter:
    """With two standard deviations."""
    values = _grid(parameter, SLICE_POINTS)
    configs = [{**best, parameter.name: value} for value in values]
    return go.Scatter(
        x=[_place(parameter, value) for value in values], y=model.predict(configs).tolist(),
        error_y={"type": "data", "array": (2 * model.spread(configs)).tolist(), "color": GREY},
        mode="markers" if parameter.words else "lines", name="model",
        line={"color": "#7d8894", "width": 1.5},
        marker={"color": "#333b44", "symbol": "diamond", "size": 6},
    )  # fmt: skip


def _grid(parameter: Parameter, points: int) -> list[Any]:
    if parameter.words:
        return list(parameter.words)
    values = [parameter.at(unit) for unit in np.linspace(0, 1, points)]
    return list(dict.fromkeys(round(v) for v in values)) if parameter.integer else values


def _place(parameter: Parameter, value: Any) -> float | None:
    """On an axis: a number is where it is, words are side by side."""
    if value is None or not parameter.words:
        return value
    word = word_of(value)
    return parameter.words.index(word) if word in parameter.words else None


def _has(config: Config, parameter: Parameter) -> bool:
    """Whether there is a value that an axis can show."""
    value = config.get(parameter.name)
    if parameter.words:
        return value is not None
    number = finite(value)
    return number is not None and (number > 0 or not parameter.log)


def _ticks(parameter: Parameter) -> dict[str, Any]:
    if parameter.words:
        count = len(parameter.words)
        words = {"tickvals": list(range(count)), "ticktext": list(parameter.words)}
        return {**words, "range": [-0.5, count - 0.5], "showgrid": False}
    if parameter.integer and parameter.high - parameter.low <= FEW:
        return {"dtick": 1}
    return {"type": "log"} if parameter.log else {}


def _axis(parameter: Parameter, values: Sequence[Any]) -> dict[str, Any]:
    """Words and decades get ticks; what some trials do not have lies below, with a dash."""
    if parameter.words:
        words = [*(["–"] if None in values else []), *parameter.words]
        ticks = {"tickvals": list(range(len(words))), "ticktext": words}
        places = [words.index(word_of(value)) for value in values]
        return {"label": parameter.name, "values": places, "range": [0, len(words) - 1], **ticks}
    known = [finite(at) if not parameter.log or (at or 0) > 0 else None for at in values]
    shown = [at if at is None else float(np.log10(at) if parameter.log else at) for at in known]
    low, high = min(s for s in shown if s is not None), max(s for s in shown if s is not None)
    steps = np.linspace(low, high, 5)
    ends = [low, high]
    words = [f"{10**step if parameter.log else step:.3g}" for step in steps]
    if None in shown:
        bottom = low - ((high - low) / 4 or 1.0)
        shown = [bottom if at is None else at for at in shown]
        ends, steps, words = [bottom, high], np.array([bottom, *steps]), ["–", *words]
    return {
        "label": parameter.name, "values": shown, "range": ends, "tickvals": steps.tolist(),
        "ticktext": words,
    }  # fmt: skip


def _thinned(rows: Sequence[Any], most: int) -> list[Any]:
    """The first of each so many: the best is among them."""
    return list(rows[:: -(-len(rows) // most)]) if rows else []
