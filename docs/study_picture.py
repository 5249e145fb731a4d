"""Draws docs/pictures/study.png, a study at a glance, from what MLflow has of it.

    python workflows/hpo.py --name picture --dataset digits --trials 24 --epochs 9 --slots 2 \\
        --final-seeds 0
    python -m docs.study_picture picture
"""

import math
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import typer
from matplotlib.axes import Axes

from automl_on_ray.tracking.store import Recording, recorded_study, stored_uri

PICTURE = Path(__file__).parent / "pictures" / "study.png"
GREY, BLUE, RED = "#b8c0c8", "#4a7fb5", "#d1495b"


def main(
    study: Annotated[str, typer.Argument(help="Name of the study in MLflow.")],
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs"),
) -> None:
    """Draw the curves of its trials, and the best value over the trials."""
    recording = recorded_study(stored_uri(storage, None), study)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    draw_curves(left, recording)
    draw_best(right, recording)
    figure.savefig(PICTURE, dpi=100)


def values_of(recording: Recording) -> list[list[float]]:
    """What each trial reported, epoch by epoch; NaN where it did not report the metric."""
    return [[math.nan if step.value is None else step.value for step in curve]
            for curve in recording.curves]  # fmt: skip


def draw_curves(axes: Axes, recording: Recording) -> None:
    curves = values_of(recording)
    best = max(range(len(curves)), key=lambda number: curves[number][-1])
    labelled = set()
    for number, curve in enumerate(curves):
        whole = len(curve) >= recording.max_t
        color, label = (BLUE, "ran to its end") if whole else (GREY, "stopped early")
        if number == best:
            color, label = RED, "best"
        epochs = range(1, len(curve) + 1)
        axes.plot(epochs, curve, color=color, linewidth=2.5 if number == best else 1.2, marker="o",
                  markersize=3, zorder=2 + (color != GREY) + (number == best),
                  label=None if label in labelled else label)  # fmt: skip
        labelled.add(label)
    axes.set(xlabel="epoch", ylabel=recording.metric.replace("_", " "))
    axes.set_title(f"{len(curves)} trials under {recording.scheduler.upper()}")
    axes.legend(loc="lower right", frameon=False)


def draw_best(axes: Axes, recording: Recording) -> None:
    last = [curve[-1] for curve in values_of(recording)]
    numbers = range(1, len(last) + 1)
    best = [max(last[:number]) for number in numbers]
    axes.plot(numbers, last, "o", color=GREY, label="last value of a trial")
    axes.step(numbers, best, where="post", color=RED, linewidth=2.5, label="best so far")
    axes.set(xlabel="trial", ylabel=recording.metric.replace("_", " "), title="What was found")
    axes.legend(loc="lower right", frameon=False)


if __name__ == "__main__":
    typer.run(main)
