"""The second stage of architecture search: candidate cells, each trained briefly by itself."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.search.basic_variant import BasicVariantGenerator
from rich.table import Table

from search_spaces._cell_drawing import draw_cells
from search_spaces._cell_text import cell_text
from search_spaces._objective import Objective
from search_spaces._space import Config
from tracking.callback import TrackingCallback
from workflows._candidates import Candidate, Judged, Searched, rank_correlation
from workflows._cli import FAILED_TRIALS, console
from workflows._progress import Progress
from workflows._report import config_text, print_failures
from workflows._resources import Resources
from workflows._resume import resume_config
from workflows._rows import Row, row_of, scored
from workflows._run_config import run_config


def train_candidates(
    trainable: Any,
    candidates: Sequence[Candidate],
    constants: dict[str, Any],
    *,
    seeds: int,
    epochs: int,
    folder: Path,
    resources: Resources,
    tracking: tune.Callback,
    progress: Progress,
) -> list[Row]:
    """One trial a candidate and seed, resumable; rows of all that ran."""
    points = [
        {**candidate.cell, **constants, "seed": seed}
        for candidate in candidates
        for seed in range(seeds)
    ]
    resume = resume_config(folder, retry_failed=False)
    tuner = tune.Tuner(
        tune.with_resources(trainable, resources.per_trial),
        # A point fills every key; Tune wants to see them.
        param_space=dict.fromkeys(points[0]),
        tune_config=tune.TuneConfig(
            search_alg=BasicVariantGenerator(points_to_evaluate=points),
            num_samples=len(points),
            max_concurrent_trials=resources.slots,
            reuse_actors=True,
        ),
        run_config=run_config(folder, [tracking, progress], keep=1),
        _tuner_kwargs={"resume_config": resume} if resume else {},
    )
    with progress:
        trials = tuner.fit()._experiment_analysis.trials
    stopped = progress.unfinished
    return [row_of(t, max_t=epochs, stopped=t.trial_id in stopped) for t in trials]


def print_judged(
    judged: Sequence[Judged], objective: Objective, search_objective: Objective
) -> None:
    """The table of all candidates, best first, and what the search was worth."""
    if not judged:
        return
    seeds = max(len(j.values) for j in judged)
    table = Table(
        title=f"Cells trained by themselves, {seeds} seed{'s' * (seeds > 1)} each",
        title_justify="left",
    )
    for header in ("cell", objective.metric, "parameters", f"supernet's {search_objective.metric}"):
        table.add_column(header, justify="right" if header != "cell" else "left", no_wrap=True)
    for place, j in enumerate(judged, 1):
        found = "random" if j.candidate.random else f"of {j.candidate.found_by[0]}"
        if len(j.candidate.found_by) > 1:
            found += f" and {len(j.candidate.found_by) - 1} more"
        score = j.candidate.search_score
        spread = "" if j.half_width != j.half_width else f" ± {j.half_width:.2g}"
        table.add_row(
            f"{place}. {found}",
            f"{j.mean:.4f}{spread}",
            f"{j.row.metrics.get('parameters', 0):,.0f}",
            "" if score is None else f"{score:.4g}",
        )
    console.print(table)
    for line in verdict(judged, objective, search_objective):
        console.print(line)


def print_searched(searched: Sequence[Searched], objective: Objective) -> None:
    """The supernets, best first, with what the doctor says of them."""
    table = Table(title="Supernets", title_justify="left")
    for header in ("trial", objective.metric, "accuracy", "derived", "skips", "epochs"):
        table.add_column(header, justify="left" if header == "trial" else "right", no_wrap=True)
    ranked = scored([found.row for found in searched], [objective])
    for row in ranked:
        metrics = {name: row.metrics.get(name, float("nan")) for name in _SHOWN}
        table.add_row(
            row.trial_id,
            f"{row.metrics[objective.metric]:.4g}",
            *(f"{metrics[name]:{form}}" for name, form in _SHOWN.items()),
            str(row.iterations),
        )
    console.print(table)
    if ranked:
        console.print(f"{ranked[0].trial_id}: {config_text(ranked[0].config)}", markup=False)
    for found in searched:
        if found.warning:
            console.print(
                f"Doctor: {found.row.trial_id} collapsed: {found.warning}.", style="yellow"
            )


_SHOWN = {"val_accuracy": ".4f", "discretised_accuracy": ".4f", "skip_connections": ".0f"}


def end_stage(failed: Sequence[Row], *, nothing: bool) -> None:
    """Name failed trials; exit code 1 if there are any, or if the stage came to nothing."""
    if nothing:
        console.print("No cell came of this stage, so the search ends here.", style="red")
    if print_failures(failed) or nothing:
        raise SystemExit(FAILED_TRIALS)


def keep_cell(tracking: TrackingCallback, cell: Config) -> None:
    """Drawing, text and config of the best cell, with the study's run."""
    tracking.study_files(
        {
            "cell.svg": draw_cells(cell, "svg").decode(),
            "cell.txt": cell_text(cell),
            "cell.json": json.dumps(cell, indent=1),
        }
    )
    tracking.study_end("stopped")  # the study goes on with the next stage


def verdict(
    judged: Sequence[Judged], objective: Objective, search_objective: Objective
) -> list[str]:
    """Whether the search was worth it, and whether its score ranks cells, in plain words."""
    found = [j for j in judged if not j.candidate.random]
    control = [j for j in judged if j.candidate.random]
    lines = []
    if found and control:
        difference = objective.sign() * (found[0].mean - control[0].mean)
        average = objective.sign() * (
            sum(j.mean for j in found) / len(found) - sum(j.mean for j in control) / len(control)
        )
        better = "better" if difference > 0 else "not better"
        lines.append(
            f"The best cell of the search is {better} than the best of {len(control)} random cells "
            f"({difference:+.4f} {objective.metric}; on average {average:+.4f})."
        )
        widths = [j.half_width for j in (found[0], control[0])]
        if not all(w == w and abs(difference) > w for w in widths):
            lines.append("The difference is within the seeds' spread: too small to rely on.")
    tau, p_value, count = rank_correlation(judged, search_objective)
    if tau == tau:
        lines.append(
            f"Kendall's tau of the supernets' {search_objective.metric} (better is higher) with "
            f"this ranking: {tau:+.2f} over {count} cells (p = {p_value:.2g})."
        )
    return lines
