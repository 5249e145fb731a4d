"""An architecture search, from the settings to its end: search, select, train."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import step
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.architecture.candidate_training import (
    CandidateTraining,
    judge_all,
    untrained,
)
from automl_on_ray.studies.architecture.candidates import (
    Candidate,
    Judged,
    Searched,
    best_rows,
    candidates_of,
    read_searched,
    searched_of,
)
from automl_on_ray.studies.architecture.plan import COMPARED, NasPlan, prepare
from automl_on_ray.studies.architecture.report import (
    end_stage,
    keep_winner,
    print_judged,
    print_searched,
    print_winner,
    verdict,
)
from automl_on_ray.studies.architecture.settings import NasSettings
from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.finish import conclude
from automl_on_ray.studies.folder import write_json
from automl_on_ray.studies.search import search
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.studies.tuner import StageResult
from automl_on_ray.tracking import TrackingCallback


def search_architectures(asked: NasSettings) -> None:
    """Do the stages that were asked for; those that a former session has done are read.

    Exits with how to go on when it is interrupted, and with the code of what went wrong.
    """
    with begun(prepare, asked) as (plan, resources):
        # 1. Search, unless architectures were given.
        searched, seconds = ([], 0.0) if plan.given else _search(plan, resources)
        aims = plan.evaluation.objectives
        found = [Candidate(config, name) for name, config in plan.given.items()] or candidates_of(
            searched,
            aims,
            space=plan.candidates,
            most=plan.asked.candidates,
            spread=plan.way.spread,
        )
        if not found or plan.asked.stage == "search":
            _end_here(plan, searched, aims, nothing=not found)
            return

        # 2. Select: these by themselves, with random ones beside them.
        rows, judged = _select(plan, resources, found, seconds)
        if not judged or plan.asked.stage == "select":
            _end_here(plan, rows, plan.objectives, nothing=not judged, before=searched)
            return

        # 3. Train the winner from scratch, test it once, and keep it.
        winner = judged[0].candidate
        print_winner(winner, plan)
        keep_winner(plan.tracker("trial"), winner, plan)
        ended = [*best_rows(judged), *_failed([*searched, *rows])]
        searched_by, noun = plan.evaluation.objectives[0], plan.way.form.noun
        worth = verdict(judged, searched_by, plan.objectives[0], noun)
        conclude(plan, ended, resources, show_trials=False, verdict=worth)


def _search(plan: NasPlan, resources: Resources) -> tuple[list[Searched], float]:
    """The search's trials, and the seconds that it took."""
    if not plan.study.searched:
        plan = replace(plan, evaluation=plan.way.made_ready(plan, resources))
        with plan.tracker(plan.evaluation.role) as tracking:
            _run_search(plan, resources, tracking)
    searched = [read_searched(one) for one in plan.study.read_rows()]
    print_searched(searched, plan)
    return searched, plan.budget().clock_seconds


def _run_search(plan: NasPlan, resources: Resources, tracking: TrackingCallback) -> None:
    """Leaves its rows in the study's folder."""
    ran, _ = search(plan, resources, tracking, title="1. search, ")
    _draw(plan, ran, tracking)
    tracking.study_end("stopped")  # the study goes on with the next stage
    pairs = zip(ran.trials, ran.rows, strict=True)
    searched = [searched_of(trial, row, plan.way) for trial, row in pairs]
    plan.study.write_rows([one.as_dict() for one in searched])


def _draw(plan: NasPlan, ran: StageResult, tracking: TrackingCallback) -> None:
    with step("Drawing the searches"):
        for trial in ran.trials:
            pictures = plan.way.pictures(trial, plan.study.path / "pictures" / trial.trial_id)
            if pictures:
                tracking.trial_files(trial.trial_id, pictures)


def _select(
    plan: NasPlan, resources: Resources, found: Sequence[Candidate], search_seconds: float
) -> tuple[list[Row], list[Judged]]:
    """Rows of all trials of candidates by themselves, and these, best first."""
    path = plan.study.path / COMPARED
    with plan.tracker("trial") as tracking:
        compared = json.loads(path.read_text()) if path.exists() else {"rows": [], "rounds": []}
        if _is_due(plan, found, compared):
            training = CandidateTraining(plan, resources, tracking)
            compared = training.compare(found, search_seconds, compared["rounds"])
            write_json(path, compared)
    rows = [Row(**row) for row in compared["rows"]]
    judged = judge_all(plan, found, rows, compared["rounds"])
    print_judged(judged, plan, compared["seconds"])
    return rows, judged


def _is_due(plan: NasPlan, found: Sequence[Candidate], compared: Mapping[str, Any]) -> bool:
    """Whether some candidate was not trained yet, or has failed and is to be tried again."""
    failed = plan.asked.retry_failed and any(row["error"] for row in compared["rows"])
    return failed or bool(untrained(found, compared["rounds"], plan.candidates))


def _end_here(
    plan: NasPlan,
    rows: Sequence[Row],
    objectives: Sequence[Objective],
    *,
    nothing: bool,
    before: Sequence[Row] = (),
) -> None:
    """The stage was the last that was asked for, or came to nothing."""
    tracked = plan.tracker("trial").send_rest()
    failed = _failed([*before, *rows])
    end_stage(
        failed, nothing=plan.way.form.noun if nothing else "", rows=rows, objectives=objectives,
        tracked=tracked,
    )  # fmt: skip


def _failed(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.outcome == "failed"]
