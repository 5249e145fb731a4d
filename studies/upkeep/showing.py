"""Shows a study on the terminal, as its folder has it: also one that runs."""

from collections.abc import Sequence

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.core import Objective, finite
from automl_on_ray.studies.finish import (
    print_failures,
    print_final,
    print_links,
    print_trials,
    ui_command,
)
from automl_on_ray.studies.live import sparkline
from automl_on_ray.studies.results import BEST_CONFIG, StoredStudy
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.tracking import RecordedTrial

SHOWN_CURVES = 5
LONGEST_CURVE = 60  # characters


def show(study: StoredStudy) -> None:
    """What it has found, its best trials, their curves, and how to go on with it."""
    facts = study.recorded.facts
    told = [str(facts.get(name, "?")) for name in ("searcher", "scheduler", "dataset", "space")]
    console.print(f"{study.name}: {study.state}", style="bold")
    console.print("{} + {} on {}, space {}".format(*told), soft_wrap=True)
    print_trials(_rows(study.searched, study.ranked), study.objectives, study.step)
    print_failures(_rows(study.searched, study.ranked))
    _print_curves(study.ranked[:SHOWN_CURVES], study.objectives)
    if study.final:
        print_final(_rows(study.final, study.final), study.tested)
    _say_where(study)


def _rows(trials: Sequence[RecordedTrial], ranked: Sequence[RecordedTrial]) -> list[Row]:
    """With the metrics of those that have a place."""
    placed = {trial.trial_id for trial in ranked}
    return [
        Row(
            t.trial_id, t.config, t.metrics if t.trial_id in placed else {}, t.outcome,
            t.iterations, t.error or None,
        )
        for t in trials
    ]  # fmt: skip


def _print_curves(trials: Sequence[RecordedTrial], objectives: Sequence[Objective]) -> None:
    """Of the first objective, all on one scale."""
    if not trials:
        return
    metric = objectives[0].metric
    curves = {t.trial_id: [finite(m[metric]) for _, m in t.curve if metric in m] for t in trials}
    values = [value for curve in curves.values() for value in curve if value is not None]
    low, high = min(values), max(values)
    console.print(f"{metric} by epoch, from {low:.5g} to {high:.5g}:")
    for trial_id, curve in curves.items():
        drawn = sparkline(curve, LONGEST_CURVE, ends=(low, high))
        console.print(f"  {trial_id} {drawn}", soft_wrap=True)


def _say_where(study: StoredStudy) -> None:
    summary, command = study.summary, study.recorded.facts.get("command")
    if (study.path / BEST_CONFIG).exists():
        console.print(f"Best config, in full: {study.path / BEST_CONFIG}", soft_wrap=True)
    if summary and summary.model:
        console.print(f"Model: {summary.model}", soft_wrap=True)
    if summary:
        served = summary.tracking_uri.startswith("http")
        print_links(summary.links, start_with=None if served else ui_command(study.path.parent))
    if command and study.state != "running":
        ended = study.state == "finished"
        console.print("To go on, with more --trials:" if ended else "To go on:")
        console.print(f"  {command}", style="bold", soft_wrap=True)
