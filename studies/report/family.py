"""Who went on from whom in a population."""

import plotly.graph_objects as go

from automl_on_ray.studies.report.style import BEST, GREY, in_ones, laid_out
from automl_on_ray.studies.results import StoredStudy

MOST_ROWS = 60
TAKEN = "#5b7c99"


def family(study: StoredStudy) -> go.Figure:
    """A row a trial, epochs to the right, a line for each takeover; the best one's life is red."""
    lineage = study.recorded.lineage
    best = study.best
    ranked = [trial.trial_id for trial in study.ranked]
    concerned = {one[role] for one in lineage for role in ("trial", "donor")}
    shown = [t for t in study.searched if t.trial_id in concerned or t.trial_id in ranked[:20]]
    rows = {trial.trial_id: row for row, trial in enumerate(shown[:MOST_ROWS])}
    x: list[float | None] = []
    y: list[float | None] = []
    for trial in shown[:MOST_ROWS]:
        x += [0, trial.iterations, None]
        y += [rows[trial.trial_id]] * 2 + [None]
    lives = go.Scatter(x=x, y=y, mode="lines", name="trials", line={"color": GREY, "width": 2})
    x, y = [], []
    for one in lineage:
        if one["trial"] in rows and one["donor"] in rows:
            x += [one["step"], one["step"], None]
            y += [rows[one["donor"]], rows[one["trial"]], None]
    taken = go.Scatter(
        x=x, y=y, mode="lines", name="took over from", line={"color": TAKEN, "width": 1.2}
    )
    traces = [lives, taken]
    if best is not None and best.trial_id in rows:
        traces.append(_life(study, best.trial_id, best.iterations, rows))
    ends = go.Scatter(
        x=[t.iterations for t in shown[:MOST_ROWS]], y=list(rows.values()), mode="text",
        text=[f"{t.metrics.get(study.objectives[0].metric, float('nan')):.4g}"
              for t in shown[:MOST_ROWS]], showlegend=False,
    )  # fmt: skip
    figure = laid_out([*traces, ends], x="epoch", y="").update_layout(showlegend=True)
    ticks = {"tickvals": list(rows.values()), "ticktext": list(rows)}
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5], showgrid=False, **ticks)
    in_ones(figure.layout.xaxis, best.iterations if best else 0)
    return figure.update_layout(height=130 + 22 * len(rows))


def _life(study: StoredStudy, trial: str, end: float, rows: dict[str, int]) -> go.Scatter:
    """Backwards, from each takeover to the donor's row."""
    x: list[float | None] = [end]
    y: list[float | None] = [rows[trial]]
    for one in sorted(study.recorded.lineage, key=lambda one: -one["step"]):
        if one["trial"] == trial and one["step"] <= end and one["donor"] in rows:
            x += [one["step"], one["step"]]
            y += [rows[trial], rows[one["donor"]]]
            trial, end = one["donor"], one["step"]
    return go.Scatter(
        x=[*x, 0], y=[*y, y[-1]], mode="lines", name="the best one's life",
        line={"color": BEST, "width": 3},
    )  # fmt: skip
