"""Figures of a study that need no model: its trials and their values."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from automl_on_ray.search_spaces.core import Objective, finite
from automl_on_ray.tracking.reports.description import best_first
from automl_on_ray.tracking.study import TrialRow


def parallel_coordinates(trials: Sequence[TrialRow], objectives: Sequence[Objective]) -> go.Figure:
    """One line a trial through its hyperparameters to its objectives, coloured by the first."""
    rows = best_first(trials, objectives)
    keys = dict.fromkeys(key for row in rows for key in row.config)
    axes = [_axis(key, [row.config.get(key) for row in rows]) for key in keys]
    axes += [_axis(o.metric, [finite(r.metrics.get(o.metric)) for r in rows]) for o in objectives]
    first = objectives[0]
    line = {
        "color": [row.metrics[first.metric] for row in rows],
        "colorscale": "Viridis",
        "reversescale": first.mode == "min",
        "showscale": True,
    }
    shown = [axis for axis in axes if axis]
    figure = go.Figure(go.Parcoords(line=line, dimensions=shown, labelangle=-25))
    return figure.update_layout(height=480, margin={"l": 90, "r": 60, "t": 100, "b": 40})


def importance_bars(importance: Mapping[str, float]) -> go.Figure:
    """Shares in [0, 1], the greatest on top."""
    ranked = sorted(importance.items(), key=lambda item: item[1])
    bars = go.Bar(
        x=[share for _, share in ranked],
        y=[name for name, _ in ranked],
        orientation="h",
        text=[f"{share:.0%}" for _, share in ranked],
    )
    layout = {"height": 160 + 26 * len(ranked), "margin": {"l": 160, "t": 20}}
    return go.Figure(bars).update_layout(xaxis_tickformat=".0%", **layout)


def _axis(name: str, values: Sequence[Any]) -> dict[str, Any] | None:
    """None for what does not vary. Log for positive numbers over two decades; words get ticks.

    Numbers that some trials do not have, as momentum under Adam, leave the bottom to these.
    """
    if len({repr(value) for value in values}) < 2:
        return None
    given = [value for value in values if value is not None]
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in given)
    if numeric and len(given) < len(values):
        return _with_gap(name, values, given)
    if not numeric:
        words = sorted({_word(value) for value in values})
        places = [words.index(_word(value)) for value in values]
        ticks = {"tickvals": list(range(len(words))), "ticktext": words}
        return {"label": name, "values": places, **ticks}
    low, high = min(values), max(values)
    if low <= 0 or high / low < 100:
        return {"label": name, "values": list(values)}
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return {
        "label": name,
        "values": [math.log10(value) for value in values],
        "range": [decades[0], decades[-1]],
        "tickvals": list(decades),
        "ticktext": [f"{10.0**decade:g}" for decade in decades],
    }


def _with_gap(name: str, values: Sequence[Any], given: Sequence[float]) -> dict[str, Any]:
    """Missing values a quarter of the span below the lowest, with a dash for a tick."""
    low, high = min(given), max(given)
    bottom = low - ((high - low) / 4 or 1.0)
    ticks = [low + (high - low) * quarter / 4 for quarter in range(5)] if high > low else [low]
    return {
        "label": name,
        "values": [bottom if value is None else value for value in values],
        "range": [bottom, max(high, low)],
        "tickvals": [bottom, *ticks],
        "ticktext": [_word(None), *(f"{tick:.3g}" for tick in ticks)],
    }


def _word(value: Any) -> str:
    return "–" if value is None else str(value)[:24]
