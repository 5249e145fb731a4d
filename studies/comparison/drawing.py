"""Regret, or what is missing of the hypervolume, against evaluations: a line a method, a band."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from scipy.special import stdtrit

from automl_on_ray.search_spaces.drawings import rendered
from automl_on_ray.studies.comparison.runs import Run
from automl_on_ray.studies.comparison.standings import Judge

COLOURS = ("#5a646e", "#d1495b", "#4a7fb5", "#5aa77a", "#e0b35c", "#7b5ea7", "#3f8f9b", "#8a6d4b")
DASHES = ("-", "--", ":", "-.")
LEAST_SHARE = (
    1e-3  # of the highest: below, a logarithmic axis would show nothing but how near to 0 it is
)


def curves(judge: Judge, runs: Sequence[Run], title: str) -> Figure:
    """Of the runs with the largest budget; bands are 95 % intervals of the mean over seeds."""
    budget = max(run.budget for run in runs if not run.error)
    measure = judge.measures[-1]
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    methods = dict.fromkeys(run.method for run in runs if run.budget == budget and not run.error)
    steps = np.arange(1, budget + 1)
    lowest, highest = np.inf, 0.0
    for number, method in enumerate(methods):
        own = [
            run for run in runs if (run.method, run.budget) == (method, budget) and not run.error
        ]
        values = np.array([judge.curve(run, measure) for run in own])
        values = 1 - values if measure == "hypervolume" else values
        mean, half = values.mean(axis=0), _half(values)
        colour = COLOURS[number % len(COLOURS)]
        dash = DASHES[number // len(COLOURS) % len(DASHES)]
        axes.plot(steps, mean, color=colour, ls=dash, lw=1.8, label=f"{method} ({len(own)})")
        axes.fill_between(steps, mean - half, mean + half, color=colour, alpha=0.18, lw=0)
        kept = mean[~np.isnan(mean)]
        lowest, highest = min(lowest, kept.min()), max(highest, kept.max())
    if highest > 0:
        axes.set_yscale("log")
        axes.set_ylim(bottom=max(lowest, LEAST_SHARE * highest) / 1.5)
    axes.set_xlim(1, budget)
    axes.set_xlabel("evaluations")
    axes.set_ylabel(_label(judge, measure))
    axes.set_title(title, fontsize=11)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False, title="method (seeds)", title_fontsize=8)
    return figure


def picture(figure: Figure, format: Literal["png", "svg"]) -> bytes:
    return rendered(figure, format)


def _half(values: np.ndarray) -> np.ndarray:
    """Of Student's interval at each evaluation; 0 for one seed. Shape (budget,)."""
    count = len(values)
    if count < 2:
        return np.zeros(values.shape[1])
    return np.asarray(stdtrit(count - 1, 0.975) * values.std(axis=0, ddof=1) / np.sqrt(count))


def _label(judge: Judge, measure: str) -> str:
    if measure == "regret":
        return f"regret: below the best {'of all' if judge.known else 'that any run found'}"
    whose = "of all" if judge.known else "of all runs together"
    return f"what is missing of the hypervolume {whose}, as a share"
