"""What the terminal says at the end: the best trials, failures, links."""

import json
import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective, finite
from automl_on_ray.studies.results import interval
from automl_on_ray.studies.trial_rows import Row, pareto_front, scored

SHOWN_ROWS = 5
SHOWN_REASONS = 3


def print_trials(rows: Sequence[Row], objectives: Sequence[Objective], step: str = "epoch") -> None:
    """The best trials (for several objectives: the Pareto front), and the sum of all outcomes.

    `step` is what a trial does again and again.
    """
    ranked = scored(rows, objectives)
    several = len(objectives) > 1
    shown = pareto_front(ranked, objectives) if several and ranked else ranked[:SHOWN_ROWS]
    if shown:
        table = Table(title="Pareto front" if several else "Best trials", title_justify="left")
        table.add_column("trial", no_wrap=True)
        for objective in objectives:
            table.add_column(Text(objective.metric), justify="right", no_wrap=True)
        table.add_column(f"{step}s", justify="right")
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
    "infeasible": "beyond a --limit and never trained",
    "limited": "ended by the limit of a fit",
    "failed": "failed",
    "stopped": "unfinished",
}


def why_nothing_scored(rows: Sequence[Row], objectives: Sequence[Objective]) -> str:
    """In one line, for a study none of whose trials has a finite value of every objective."""
    if not rows:
        return "No trial has a score: none was begun."
    reasons = Counter(_why_not_scored(row, objectives) for row in rows)
    told = [
        f"{'all' if len(reasons) == 1 and count > 1 else count} {reason}"
        for reason, count in reasons.most_common(SHOWN_REASONS)
    ]
    more = f"; and {len(reasons) - SHOWN_REASONS} more" if len(reasons) > SHOWN_REASONS else ""
    return f"No trial has a score: {'; '.join(told)}{more}"


def _why_not_scored(row: Row, objectives: Sequence[Objective]) -> str:
    if row.outcome == "failed":
        return f"failed with {row.error}"
    if row.outcome == "limited":
        return f"ended by the limit of a fit, such as: {row.error}"
    if row.outcome == "infeasible":
        return "beyond a --limit, so never trained; allow more, or give it more --trials"
    odd = next(o.metric for o in objectives if finite(row.metrics.get(o.metric)) is None)
    if odd in row.metrics:
        return f"reported {row.metrics[odd]} as {odd!r} in the end"
    return f"ended before the first report of {odd!r}"


def print_failures(rows: Sequence[Row]) -> bool:
    """Name each failed trial with its error; whether there was any."""
    failed = [row for row in rows if row.outcome == "failed"]
    for row in failed:
        print_failure("Trial", row)
    return bool(failed)


def print_failure(what: str, row: Row) -> None:
    """Its error, and where to find what it has printed."""
    console.print(f"{what} {row.trial_id} failed: {row.error}", style="red", soft_wrap=True)
    if row.printed:
        console.print(f"  What it printed: {row.printed}", soft_wrap=True)


def print_final(rows: Sequence[Row], metrics: Sequence[str]) -> None:
    """Mean and 95 % interval of the repeats' `rows`, for those of `metrics` that they report.

    And those that failed, by name.
    """
    for metric in metrics:
        seeds = sum(metric in row.metrics for row in rows)
        if not seeds:
            continue
        mean, half = interval(rows, metric)
        scale, unit = (100, " %") if metric.endswith("accuracy") else (1, "")
        spread = "" if half != half else f" ± {half * scale:.2g}{unit} (95 % interval)"
        console.print(
            f"{metric}: {mean * scale:.4g}{unit}{spread}, {seeds} seed{'s' * (seeds > 1)}, "
            "trained from scratch on train + validation",
            style="bold",
            soft_wrap=True,
        )
    for row in rows:
        if row.outcome == "failed":
            print_failure("Final training", row)


def print_links(links: Mapping[str, str], *, start_with: str | None) -> None:
    """Where to look; `start_with` is the command that serves the pages, if none does yet."""
    if not links:  # MLflow was away
        return
    if start_with:
        console.print("To see it in MLflow, run this, then open the links:")
        console.print(f"  {start_with}", style="bold", soft_wrap=True)
    else:
        console.print("See it in MLflow:")
    for name, link in links.items():
        console.print(f"  {name}: {link}", soft_wrap=True)


def ui_command(storage: Path) -> str:
    """That serves MLflow's pages on the studies of a folder, from any folder."""
    ui = Path(__file__).resolve().parents[2] / "workflows" / "ui.py"
    return shlex.join([sys.executable, str(ui), "--storage", str(storage)])


def config_text(config: Config) -> str:
    """`learning_rate=0.0021, width=32`, shortened floats; JSON for what is not a scalar."""
    parts = []
    for key, value in config.items():
        if value is None:
            continue
        text = f"{value:.3g}" if isinstance(value, float) else value
        parts.append(f"{key}={text if isinstance(text, str | int) else json.dumps(text)}")
    return ", ".join(parts)
