"""Figures of a study over trials, minutes and epochs."""

import heapq
from collections.abc import Sequence

import plotly.graph_objects as go

from automl_on_ray.studies.report.style import BEST, BLUE, GREY, OUTCOMES, in_ones, laid_out
from automl_on_ray.studies.results import StoredStudy
from automl_on_ray.tracking import RecordedTrial

MOST_CURVES = 80  # as many a person can tell apart, or fewer
BEST_CURVES = 10


def history(study: StoredStudy) -> go.Figure:
    """Each trial's value in the order they began, and the best so far."""
    first = study.objectives[0]
    known = {trial.trial_id for trial in study.ranked}
    rows = [(n, t) for n, t in enumerate(_in_order(study), 1) if t.trial_id in known]
    groups: dict[str, list[tuple[int, RecordedTrial]]] = {}
    for number, trial in rows:
        groups.setdefault(trial.outcome, []).append((number, trial))
    traces = [
        go.Scatter(
            x=[number for number, _ in group], y=[t.metrics[first.metric] for _, t in group],
            mode="markers", name=OUTCOMES[outcome][0], text=[t.trial_id for _, t in group],
            marker={"color": OUTCOMES[outcome][1], "size": 7}, opacity=0.8,
        )
        for outcome, group in groups.items()
    ]  # fmt: skip
    best: list[float] = []
    for _, trial in rows:
        value = trial.metrics[first.metric]
        best.append(value if not best or first.better(value, best[-1]) else best[-1])
    line = go.Scatter(
        x=[number for number, _ in rows], y=best, mode="lines", name="best so far",
        line={"color": BEST, "shape": "hv", "width": 2.5},
    )  # fmt: skip
    figure = laid_out([*traces, line], x="trial, in the order they began", y=first.metric)
    in_ones(figure.layout.xaxis, len(rows))
    return figure


def timeline(study: StoredStudy) -> go.Figure:
    """When each trial ran, in as few rows as there were trials at once."""
    rows, count = _slots(_in_order(study, study.recorded.trials))
    start = min((trial.began for trial, _ in rows), default=0.0)
    traces = []
    for outcome, (words, colour) in OUTCOMES.items():
        group = [(trial, slot) for trial, slot in rows if trial.outcome == outcome]
        if group:
            traces.append(
                go.Bar(
                    orientation="h", name=words, marker={"color": colour}, width=0.8,
                    y=[slot for _, slot in group],
                    base=[(trial.began - start) / 60 for trial, _ in group],
                    x=[(trial.last - trial.began) / 60 for trial, _ in group],
                    hovertext=[trial.trial_id for trial, _ in group],
                )
            )  # fmt: skip
    figure = laid_out(traces, x="minutes since the first trial began", y="trials at once")
    height = min(420, 150 + 24 * count)
    figure.update_layout(height=height, barmode="overlay", showlegend=True)
    in_ones(figure.layout.yaxis, count)
    return figure.update_yaxes(range=[count + 0.5, 0.5], showgrid=False)


def _slots(trials: Sequence[RecordedTrial]) -> tuple[list[tuple[RecordedTrial, int]], int]:
    """Each gets the lowest row that is free when it begins."""
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    rows, count = [], 0
    for trial in trials:
        while busy and busy[0][0] <= trial.began:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if not free:
            count += 1
            free.append(count)
        slot = heapq.heappop(free)
        heapq.heappush(busy, (trial.last, slot))
        rows.append((trial, slot))
    return rows, count


def curves(study: StoredStudy) -> go.Figure:
    """The objective by epoch; a cross where the scheduler cut a trial. Of many trials some."""
    metric = study.objectives[0].metric
    shown = _shown(study)
    best = study.best.trial_id if study.best else ""
    cut = [trial for trial in shown if trial.outcome == "pruned"]
    whole = [trial for trial in shown if trial.outcome != "pruned" and trial.trial_id != best]
    chosen = [trial for trial in shown if trial.trial_id == best]
    traces = [
        _curves(cut, metric, "cut by the scheduler", GREY, 1.2),
        _curves(whole, metric, "ran on", BLUE, 1.4),
        _curves(chosen, metric, "best", BEST, 2.8),
        _ends(cut, metric),
    ]
    figure = laid_out([trace for trace in traces if len(trace.x)], x="epoch", y=metric)
    in_ones(figure.layout.xaxis, max((trial.iterations for trial in shown), default=0))
    return figure.update_layout(showlegend=True, height=400)


def _shown(study: StoredStudy) -> list[RecordedTrial]:
    """Those with a curve: the best ones, and of the others every so manieth."""
    metric = study.objectives[0].metric
    able = [trial for trial in study.ranked if any(metric in told for _, told in trial.curve)]
    if len(able) <= MOST_CURVES:
        return able
    others = able[BEST_CURVES:]
    return [*able[:BEST_CURVES], *others[:: -(-len(others) // (MOST_CURVES - BEST_CURVES))]]


def _curves(
    trials: Sequence[RecordedTrial], metric: str, name: str, colour: str, width: float
) -> go.Scatter:
    """All in one line with gaps between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    for trial in trials:
        points = [(step, told[metric]) for step, told in trial.curve if metric in told]
        x += [*(step for step, _ in points), None]
        y += [*(value for _, value in points), None]
    mode = "lines" if any(len(trial.curve) > 1 for trial in trials) else "markers"
    return go.Scatter(
        x=x, y=y, mode=mode, name=name, line={"color": colour, "width": width},
        marker={"color": colour, "size": 5},
    )  # fmt: skip


def _ends(trials: Sequence[RecordedTrial], metric: str) -> go.Scatter:
    return go.Scatter(
        x=[trial.curve[-1][0] for trial in trials], y=[t.metrics[metric] for t in trials],
        mode="markers", name="its end", showlegend=False, text=[t.trial_id for t in trials],
        marker={"color": "#5a646e", "symbol": "x", "size": 5},
    )  # fmt: skip


def _in_order(
    study: StoredStudy, trials: Sequence[RecordedTrial] | None = None
) -> list[RecordedTrial]:
    return sorted(study.searched if trials is None else trials, key=lambda trial: trial.began)
