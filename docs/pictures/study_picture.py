"""Draws docs/pictures/study.png, a study at a glance, from what MLflow has of it.

    python workflows/hpo.py --name picture --dataset digits --trials 24 --epochs 9 --slots 2 \\
        --final-seeds 0
    python -m docs.pictures.study_picture picture
"""

import math
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import typer
from matplotlib.axes import Axes

from automl_on_ray.tracking.store import Recording, recorded_study, stored_uri

PICTURE = Path(__file__).with_name("study.png")
GREY, BLUE, RED = "#b8c0c8", "#4a7fb5", "#d1495b"


def main(
    study: Annotated[str, typer.Argument(help="Name of the study in MLflow.")],
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs"),
) -> None:
    """Draw the curves of its trials, and the best value over the trials."""
    recording = recorded_study(stored_uri(storage, None), study)
    figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(10, 3.8), layout="constrained")
    draw_curves(left, recording)
    draw_best(right, recording)
    figure.savefig(PICTURE, dpi=100)


def errors_of(recording: Recording) -> list[list[float]]:
    """1 - accuracy of each trial, epoch by epoch; NaN where it reported none."""
    return [[math.nan if step.value is None else 1 - step.value for step in curve]
            for curve in recording.curves]  # fmt: skip


def draw_curves(axes: Axes, recording: Recording) -> None:
    curves = errors_of(recording)
    best = min(range(len(curves)), key=lambda number: curves[number][-1])
    labelled = set()
    for number, curve in enumerate(curves):
        whole = len(curve) >= recording.max_t
        color, label = (BLUE, "ran to its end") if whole else (GREY, "stopped early")
        if number == best:
            color, label = RED, "best"
        axes.plot(range(1, len(curve) + 1), curve, color=color, marker="o", markersize=3,
                  linewidth=2.5 if number == best else 1.2, zorder=3 if number == best else 2,
                  label=None if label in labelled else label)  # fmt: skip
        labelled.add(label)
    axes.set(xlabel="epoch", ylabel="validation error", yscale="log",
             title=f"{len(curves)} trials under {recording.scheduler.upper()}")  # fmt: skip
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.85), frameon=False)


def draw_best(axes: Axes, recording: Recording) -> None:
    last = [curve[-1] for curve in errors_of(recording)]
    numbers = range(1, len(last) + 1)
    best = [min(last[:number]) for number in numbers]
    axes.plot(numbers, last, "o", color=GREY, label="last value of a trial")
    axes.step(numbers, best, where="post", color=RED, linewidth=2.5, label="best so far")
    axes.set(xlabel="trial", yscale="log", title="What was found")
    axes.legend(loc="upper right", bbox_to_anchor=(1, 0.58), frameon=False)


if __name__ == "__main__":
    typer.run(main)
