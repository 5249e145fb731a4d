"""An architecture search, from the settings to its end: search, select, train."""

from collections.abc import Sequence
from typing import Any

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.cells import genotype_text
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.drawings import cell_text
from automl_on_ray.studies.architecture.candidates import (
    Candidate,
    Judged,
    Searched,
    best_rows,
    candidates_of,
    searched_of,
)
from automl_on_ray.studies.architecture.cell_training import CellTraining, judge_all
from automl_on_ray.studies.architecture.plan import COMPARED, FOUND, OBJECTIVE, NasPlan, prepare
from automl_on_ray.studies.architecture.report import (
    end_stage,
    keep_cell,
    print_judged,
    print_searched,
)
from automl_on_ray.studies.architecture.settings import NasSettings
from automl_on_ray.studies.architecture.supernet_pictures import search_pictures
from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.finish import conclude
from automl_on_ray.studies.folder import once
from automl_on_ray.studies.search import search
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.studies.tuner import StageResult
from automl_on_ray.tracking import TrackingCallback


def search_architectures(asked: NasSettings) -> None:
    """Do the stages that were asked for; those that a former session has done are read.

    Exits with how to go on when it is interrupted, and with the code of what went wrong.
    """
    with begun(prepare, asked) as (plan, resources):
        # 1. Search, unless the cells were given.
        searched, seconds = ([], 0.0) if plan.given else _search(plan, resources)
        objective = plan.evaluation.objectives[0]
        found = [Candidate(cell, name) for name, cell in plan.given.items()] or candidates_of(
            searched, objective, most=plan.asked.candidates
        )
        tried = [one.row for one in searched]
        if not found or plan.asked.stage == "search":
            _end_here(plan, tried, objective, nothing=not found)
            return

        # 2. Select: these cells by themselves, with random ones beside them.
        rows, judged = _select(plan, resources, found, seconds)
        if not judged or plan.asked.stage == "select":
            _end_here(plan, rows, OBJECTIVE, nothing=not judged, before=tried)
            return

        # 3. Train the winner from scratch, test it once, and keep it.
        winner = judged[0].candidate
        console.print(cell_text(winner.cell))
        console.print(genotype_text(winner.cell), soft_wrap=True)
        keep_cell(plan.tracker("trial"), winner, plan.study.path / "pictures")
        ended = [*best_rows(judged), *_failed([*tried, *rows])]
        conclude(plan, ended, resources, show_trials=False)


def _search(plan: NasPlan, resources: Resources) -> tuple[list[Searched], float]:
    """The search's trials, and the seconds that it took."""
    with plan.tracker(plan.evaluation.role) as tracking:
        stored = once(plan.study.path / FOUND, lambda: _run_search(plan, resources, tracking))
    searched = [Searched.from_dict(one) for one in stored["trials"]]
    print_searched(searched, plan.evaluation)
    return searched, stored["seconds"]


def _run_search(plan: NasPlan, resources: Resources, tracking: TrackingCallback) -> dict[str, Any]:
    ran, seconds = search(plan, resources, tracking, title="1. search, ")
    if plan.evaluation.role == "supernet":
        _draw(plan, ran, tracking)
    tracking.study_end("stopped")  # the study goes on with the next stage
    searched = [searched_of(*one) for one in zip(ran.trials, ran.rows, strict=True)]
    return {"trials": [one.as_dict() for one in searched], "seconds": seconds}


def _draw(plan: NasPlan, ran: StageResult, tracking: TrackingCallback) -> None:
    with console.status("Drawing the searches"):
        for trial in ran.trials:
            pictures = search_pictures(trial, plan.study.path / "pictures" / trial.trial_id)
            tracking.trial_files(trial.trial_id, pictures)


def _select(
    plan: NasPlan, resources: Resources, found: Sequence[Candidate], search_seconds: float
) -> tuple[list[Row], list[Judged]]:
    """Rows of all trials of cells by themselves, and the cells, best first."""
    with plan.tracker("trial") as tracking:
        training = CellTraining(plan, resources, tracking)
        compared = once(plan.study.path / COMPARED, lambda: training.compare(found, search_seconds))
    rows = [Row(**row) for row in compared["rows"]]
    judged = judge_all(plan, found, rows)
    print_judged(judged, plan.evaluation.objectives[0], compared["seconds"])
    return rows, judged


def _end_here(
    plan: NasPlan,
    rows: Sequence[Row],
    objective: Objective,
    *,
    nothing: bool,
    before: Sequence[Row] = (),
) -> None:
    """The stage was the last that was asked for, or came to nothing."""
    tracked = plan.tracker("trial").send_rest()
    failed = _failed([*before, *rows])
    end_stage(failed, nothing=nothing, rows=rows, objective=objective, tracked=tracked)


def _failed(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.outcome == "failed"]
