"""Reports an architecture search on the terminal and in MLflow."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from automl_on_ray.command_line import FAILED_TRIALS, NOT_TRACKED, console
from automl_on_ray.search_spaces.cells import genotype_text
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.drawings import cell_text, draw_cells
from automl_on_ray.studies.architecture.candidates import (
    Candidate,
    Judged,
    Searched,
    rank_correlation,
)
from automl_on_ray.studies.architecture.plan import OBJECTIVE
from automl_on_ray.studies.finish import config_text, print_failures, why_nothing_scored
from automl_on_ray.studies.plan import Evaluation
from automl_on_ray.studies.progress import clock
from automl_on_ray.studies.trial_rows import Row, scored
from automl_on_ray.tracking import TrackingCallback

SHOWN_CELLS = 10  # besides those of the search, of which all are shown
_SUPERNET_COLUMNS = {
    "val_accuracy": ("accuracy", ".4f"),
    "discretised_accuracy": ("derived", ".4f"),
    "skip_connections": ("skips", ".0f"),
}
_CELL_COLUMNS = {"parameters": ("parameters", ",.0f")}


def print_searched(searched: Sequence[Searched], evaluation: Evaluation) -> None:
    """The search's trials, best first, with what the doctor says of them."""
    supernets = evaluation.role == "supernet"
    shown = _SUPERNET_COLUMNS if supernets else _CELL_COLUMNS
    metric = evaluation.objectives[0].metric
    table = Table(title="Supernets" if supernets else "Cells tried", title_justify="left")
    for header in ("trial", metric, *(header for header, _ in shown.values()), "epochs"):
        table.add_column(header, justify="left" if header == "trial" else "right", no_wrap=True)
    ranked = scored([one.row for one in searched], evaluation.objectives)
    for row in ranked[:SHOWN_CELLS]:
        values = [
            f"{row.metrics.get(name, float('nan')):{form}}" for name, (_, form) in shown.items()
        ]
        table.add_row(row.trial_id, f"{row.metrics[metric]:.4g}", *values, str(row.iterations))
    console.print(table)
    if ranked and supernets:
        console.print(f"{ranked[0].trial_id}: {config_text(ranked[0].config)}", soft_wrap=True)
    for one in searched:
        if one.warning:
            console.print(
                f"Collapse in {one.row.trial_id}: {one.warning}.", style="yellow", soft_wrap=True
            )


def print_judged(
    judged: Sequence[Judged], search_objective: Objective, seconds: Mapping[str, float]
) -> None:
    """The table of all candidates, best first, and what the search was worth.

    `seconds` are what the parts took: search, select and control.
    """
    if not judged:
        return
    seeds = max(len(j.values) for j in judged)
    table = Table(
        title=f"Cells trained by themselves, {seeds} seed{'s' * (seeds > 1)} each",
        title_justify="left",
    )
    for header in ("cell", OBJECTIVE.metric, "parameters", f"search's {search_objective.metric}"):
        table.add_column(header, justify="right" if header != "cell" else "left", no_wrap=True)
    for place, j in enumerate(judged, 1):
        if j.candidate.control and place > SHOWN_CELLS:
            continue
        score = j.candidate.search_score
        spread = "" if j.half_width != j.half_width else f" ± {j.half_width:.2g}"
        table.add_row(
            f"{place}. {j.candidate.origin}",
            f"{j.mean:.4f}{spread}",
            f"{j.row.metrics.get('parameters', 0):,.0f}",
            "" if score is None else f"{score:.4g}",
        )
    console.print(table)
    random = sum(j.candidate.control for j in judged)
    console.print(
        f"{len(judged)} cells. The search took {clock(seconds['search'])}, its cells "
        f"{clock(seconds['select'])}; {random} random cells {clock(seconds['control'])}."
    )
    for line in verdict(judged, search_objective):
        console.print(line, soft_wrap=True)


def verdict(judged: Sequence[Judged], search_objective: Objective) -> list[str]:
    """Whether the search was worth it, and whether its score ranks cells, in plain words."""
    found = [j for j in judged if not j.candidate.control]
    control = [j for j in judged if j.candidate.control]
    lines = []
    if found and control:
        difference = OBJECTIVE.sign() * (found[0].mean - control[0].mean)
        average = OBJECTIVE.sign() * (
            sum(j.mean for j in found) / len(found) - sum(j.mean for j in control) / len(control)
        )
        better = "better" if difference > 0 else "not better"
        lines.append(
            f"The best cell of the search is {better} than the best of {len(control)} random cells "
            f"({difference:+.4f} {OBJECTIVE.metric}; on average {average:+.4f})."
        )
        widths = [j.half_width for j in (found[0], control[0])]
        if not all(w == w and abs(difference) > w for w in widths):
            lines.append("The difference is within the seeds' spread: too small to rely on.")
    tau, p_value, count = rank_correlation(judged, search_objective)
    if tau == tau:
        lines.append(
            f"Kendall's tau of the search's {search_objective.metric} (better is higher) with "
            f"this ranking: {tau:+.2f} over {count} cells (p = {p_value:.2g})."
        )
    return lines


def end_stage(
    failed: Sequence[Row],
    *,
    nothing: bool,
    rows: Sequence[Row],
    objective: Objective,
    tracked: bool,
) -> None:
    """Name failed trials; exit code 1 if there are any, or if the stage came to nothing.

    Else 4, if MLflow does not have all of it yet. `rows` are all of the stage's, judged by
    `objective`.
    """
    if nothing:
        console.print("No cell came of this stage, so the search ends here.", style="red")
    if nothing and not scored(rows, [objective]):
        console.print(why_nothing_scored(rows, [objective]), style="red")
    if print_failures(failed) or nothing:
        raise SystemExit(FAILED_TRIALS)
    if not tracked:
        raise SystemExit(NOT_TRACKED)


def keep_cell(tracking: TrackingCallback, winner: Candidate, pictures: Path) -> None:
    """Drawing, text and config of the best cell, with the study's run.

    And the pictures of the search that it is from, where `pictures` has them by trial.
    """
    files: dict[str, str | bytes] = {
        "cell.svg": draw_cells(winner.cell, "svg").decode(),
        "cell.png": draw_cells(winner.cell, "png"),
        "cell.txt": cell_text(winner.cell),
        "cell.genotype": genotype_text(winner.cell) + "\n",
        "cell.json": json.dumps(winner.cell, indent=1),
    }
    trial_id = winner.origin.split()[0]
    files |= {f"search/{file.name}": file.read_bytes() for file in pictures.glob(f"{trial_id}/*")}
    tracking.study_files(files)
    tracking.study_end("stopped")  # the study goes on with the next stage
