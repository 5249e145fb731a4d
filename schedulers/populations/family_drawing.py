"""Draws which trial of a population continued from which, and the best one's schedule."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from automl_on_ray.schedulers.populations.population_state import Members, Segment
from automl_on_ray.search_spaces.drawings import rendered

BEST, OTHERS, TAKEN = "#d1495b", "#9aa5b1", "#5b7c99"


def draw_family(
    members: Members, schedule: Sequence[Segment], scores: Mapping[str, float]
) -> bytes:
    """PNG: a row a trial, time to the right, an arrow for each exploit; the best one's life is red.

    `schedule` is the best one's, `scores` are those at the trials' ends.
    """
    rows = {trial: len(members.members) - i for i, trial in enumerate(members.members)}
    figure = Figure(figsize=(10, 1.2 + 0.42 * len(rows)))
    axes = figure.subplots()
    for trial, row in rows.items():
        born = [0, *(step.time for step in members.done if step.exploit.trial == trial)]
        for start, end in zip(born, [*born[1:], members.members[trial].time], strict=True):
            axes.plot([start, max(end, start)], [row, row], color=OTHERS, lw=2, zorder=1)
        score = scores.get(trial)
        if score is not None:
            axes.annotate(
                f" {score:.4g}", (members.members[trial].time, row), va="center", fontsize=8
            )
    lineage = {(segment.trial, segment.start) for segment in schedule[1:]}
    for step in members.done:
        chosen = (step.exploit.trial, step.time) in lineage
        there, here = rows[step.exploit.trial], rows[step.exploit.donor]
        style = {
            "arrowstyle": "->", "color": BEST if chosen else TAKEN, "lw": 1 + chosen,
            "connectionstyle": "arc3,rad=0.25", "shrinkA": 0, "shrinkB": 0,
        }  # fmt: skip
        axes.annotate("", xy=(step.time, there), xytext=(step.time, here), arrowprops=style)
    for segment in schedule:
        row = rows[segment.trial]
        axes.plot([segment.start, segment.end], [row, row], color=BEST, lw=3.5, zorder=2)
    axes.set_yticks(list(rows.values()), list(rows), fontsize=8)
    axes.set_xlabel("epoch")
    axes.set_title("Who went on from whom; the best trial's life in red")
    axes.margins(x=0.08)
    return rendered(figure, bbox_inches="tight")


def draw_schedule(schedule: Sequence[Segment]) -> bytes:
    """PNG: every hyperparameter that changed in a life, over time; all of them if none did."""
    keys = [
        key
        for key in schedule[0].config
        if len({repr(segment.config.get(key)) for segment in schedule}) > 1
    ]
    shown = keys or list(schedule[0].config)
    figure = Figure(figsize=(9, 0.8 + 1.2 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)
    for key, plot in zip(shown, axes[:, 0], strict=True):
        _draw_values(plot, key, schedule)
    axes[-1, 0].set_xlabel("epoch")
    lived = "lived through" if keys else "kept, as it took over from nobody"
    figure.suptitle(f"Hyperparameters that the best trial {lived}")
    return rendered(figure, bbox_inches="tight")


def _draw_values(axes: Axes, key: str, schedule: Sequence[Segment]) -> None:
    values: list[Any] = [segment.config.get(key) for segment in schedule]
    times = [segment.start for segment in schedule] + [schedule[-1].end]
    numeric = all(isinstance(v, Real) and not isinstance(v, bool) for v in values)
    drawn = values if numeric else [str(value) for value in values]
    axes.step(times, [*drawn, drawn[-1]], where="post", color=BEST, lw=2)
    if numeric and min(values) > 0 and max(values) / min(values) > 10:
        axes.set_yscale("log")
    axes.set_ylabel(key, rotation=0, ha="right", va="center", labelpad=12)
    axes.grid(alpha=0.3)
