"""What the terminal says at the end: what was found, where to look, how to go on."""

import json
from collections.abc import Mapping, Sequence

from rich.table import Table

from automl_on_ray.search_spaces._objective import Objective
from automl_on_ray.search_spaces._space import Config
from automl_on_ray.workflows._cli import console
from automl_on_ray.workflows._final import Final
from automl_on_ray.workflows._rows import Row, pareto_front, scored

SHOWN_ROWS = 5


def print_trials(rows: Sequence[Row], objectives: Sequence[Objective]) -> None:
    """The best trials (for several objectives: the Pareto front), and the sum of all outcomes."""
    ranked = scored(rows, objectives)
    several = len(objectives) > 1
    shown = pareto_front(ranked, objectives) if several and ranked else ranked[:SHOWN_ROWS]
    if shown:
        table = Table(title="Pareto front" if several else "Best trials", title_justify="left")
        table.add_column("trial", no_wrap=True)
        for objective in objectives:
            table.add_column(objective.metric, justify="right", no_wrap=True)
        table.add_column("epochs", justify="right")
        table.add_column("config", overflow="fold")
        for row in shown:
            values = [f"{row.metrics[o.metric]:.5g}" for o in objectives]
            table.add_row(row.trial_id, *values, str(row.iterations), config_text(row.config))
        console.print(table)
    counts = {kind: sum(row.outcome == kind for row in rows) for kind in _OUTCOMES}
    told = [f"{counts[kind]} {words}" for kind, words in _OUTCOMES.items() if counts[kind]]
    trials = "1 trial" if len(rows) == 1 else f"{len(rows)} trials"
    console.print(f"{trials}: {', '.join(told)}.")


_OUTCOMES = {
    "completed": "completed",
    "pruned": "stopped early by the scheduler",
    "failed": "failed",
    "stopped": "unfinished",
}


def print_failures(rows: Sequence[Row]) -> bool:
    """Name each failed trial with its error; whether there was any."""
    failed = [row for row in rows if row.outcome == "failed"]
    for row in failed:
        console.print(f"Trial {row.trial_id} failed: {row.error}", style="red", markup=False)
    return bool(failed)


def print_final(final: Final, metrics: Sequence[str]) -> None:
    """Mean and 95 % interval of the repeats, for those of `metrics` that they report."""
    for metric in metrics:
        if not any(metric in row.metrics for row in final.rows):
            continue
        mean, half = final.interval(metric)
        scale, unit = (100, " %") if metric.endswith("accuracy") else (1, "")
        spread = "" if half != half else f" ± {half * scale:.2g}{unit} (95 % interval)"
        seeds = len(final.rows)
        console.print(
            f"{metric}: {mean * scale:.4g}{unit}{spread}, {seeds} seed{'s' * (seeds > 1)}, "
            "trained from scratch on train + validation",
            style="bold",
        )


def print_links(links: Mapping[str, str], *, start_with: str | None) -> None:
    """Where to look; `start_with` is the command that serves the pages, if none does yet."""
    if not links:  # MLflow was away
        return
    if start_with:
        console.print("To see it in MLflow, run this, then open the links:")
        console.print(f"  {start_with}", style="bold", soft_wrap=True, markup=False)
    else:
        console.print("See it in MLflow:")
    for name, link in links.items():
        console.print(f"  {name}: {link}", soft_wrap=True, markup=False)


def config_text(config: Config) -> str:
    """`learning_rate=0.0021, width=32`, shortened floats; JSON for what is not a scalar."""
    parts = []
    for key, value in config.items():
        if value is None:
            continue
        text = f"{value:.3g}" if isinstance(value, float) else value
        parts.append(f"{key}={text if isinstance(text, str | int) else json.dumps(text)}")
    return ", ".join(parts)
