"""Ends a study: final training, report, registered model, and what the terminal says."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import FAILED_TRIALS, NOT_TRACKED, console, same_command, step
from automl_on_ray.schedulers.populations import Segment
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.studies.finish.best_config import keep_best_config, keep_front
from automl_on_ray.studies.finish.final_training import (
    Final,
    facts_of,
    train_final,
    training_of,
)
from automl_on_ray.studies.finish.registration import register
from automl_on_ray.studies.finish.terminal_report import (
    print_failures,
    print_final,
    print_links,
    print_trials,
    ui_command,
    why_nothing_scored,
)
from automl_on_ray.studies.finish.tuned_values import keep_tuned_values, say_tuned_values
from automl_on_ray.studies.folder import write_json
from automl_on_ray.studies.inputs import accepts
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.populations import along
from automl_on_ray.studies.results import BEST_CONFIG, SUMMARY, Summary, read_study
from automl_on_ray.studies.trial_rows import Row, scored
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.reports import ModelRecord, log_report

if TYPE_CHECKING:
    from automl_on_ray.studies.report import Report


def conclude(
    plan: StudyPlan,
    rows: Sequence[Row],
    resources: Resources,
    *,
    show_trials: bool = True,
    trial_schedules: Mapping[str, Sequence[Segment]] = MappingProxyType({}),
    verdict: Sequence[str] = (),
) -> None:
    """Exits with code 1 if a trial has failed, or 4 if MLflow does not have all of the study yet.

    May be repeated: what was done is not done again.
    `verdict` is what an architecture search was worth, in words. Where `trial_schedules` tell that
    the best trial's config changed, the final model goes through them all.
    """
    objectives = plan.record.objectives
    ranked = scored(rows, objectives)
    best = ranked[0] if ranked else None
    final, model = None, None
    with plan.tracker("final", training_of(plan, best) if best else "") as tracking:
        if best and plan.asked.final_seeds and accepts(plan.klass, "final"):
            schedule = along(trial_schedules, best.trial_id)
            final = train_final(plan, best, rows, resources, tracking, schedule)
    keep_best_config(plan, best, tracking)
    front = keep_front(plan, ranked)
    tuned = keep_tuned_values(plan, best, trial_schedules, tracking)
    with step("Writing the report to MLflow"):
        tracked = tracking.study_end("completed" if ranked else "failed")
        tracked &= _report(plan, rows, final, verdict)
        if best and final is not None and plan.makes_networks:
            model = register(plan, best, final)
            tracked &= model is not None
    if show_trials:
        print_trials(rows, objectives)
    if best:
        taken = "--try-first" if show_trials else "--cells"
        told = f"Best config, in full, for {taken}: {plan.study.path / BEST_CONFIG}"
        console.print(told, soft_wrap=True)
        if front is not None:
            told = f"Each point of the front, for {taken} too: {front / 'TRIAL.json'}"
            console.print(told, soft_wrap=True)
        if tuned:
            say_tuned_values(plan, best, tuned)
    else:
        console.print(why_nothing_scored(rows, objectives), style="red", soft_wrap=True)
    if final is not None:
        print_final(final.rows, ("test_accuracy", "test_loss"))
    _say_where(plan, tracking, model)
    failed = print_failures(rows) or (final is not None and final.failed) or not ranked
    code = FAILED_TRIALS if failed else NOT_TRACKED if not tracked else 0
    summary = Summary(
        best=best.trial_id if best else None,
        values={o.metric: best.metrics[o.metric] for o in objectives} if best else {},
        final=[row.metrics for row in final.rows] if final else [],
        verdict=list(verdict),
        model=model.uri if model else None,
        tracking_uri=plan.uri,
        links=tracking.links(),
        exit_code=code,
    )
    write_json(plan.study.path / SUMMARY, summary.as_dict())
    if failed:
        raise SystemExit(code)
    if not tracked:
        said = f"MLflow at {plan.uri} does not have all of the study yet; to send the rest:"
        console.print(said, soft_wrap=True)
        console.print(f"  {same_command(plan.name)}", style="bold", soft_wrap=True)
        raise SystemExit(code)


def _report(
    plan: StudyPlan, rows: Sequence[Row], final: Final | None, verdict: Sequence[str]
) -> bool:
    """Whether it is in MLflow."""
    drawn = _drawn(plan, verdict)
    return log_report(
        plan.uri,
        plan.record,
        trials=rows,
        page=drawn.html if drawn else "",
        importance=drawn.analysis.importance if drawn else {},
        final=facts_of(final) if final else None,
        verdict=verdict,
    )


def _drawn(plan: StudyPlan, verdict: Sequence[str]) -> "Report | None":
    """The study as its folder has it by now. Never raises: it is not worth the end of a study."""
    from automl_on_ray.studies.report import neighbours, report_of  # seconds, of drawing libraries

    try:
        stored = read_study(plan.name, plan.study.path.parent)
        study = replace(stored, state="finished", summary=Summary(verdict=list(verdict)))
        return report_of(study, neighbours(study))
    except Exception as error:
        warn(f"The report could not be drawn: {error!r}")
        return None


def _say_where(plan: StudyPlan, tracking: TrackingCallback, model: ModelRecord | None) -> None:
    """Where the study is to be seen, and how its model is used."""
    if model is not None:
        champion = "the champion" if model.champion else "not the champion"
        console.print(f"Registered as {model.uri}: {champion}, {model.reason}.", soft_wrap=True)
    serving = None if plan.uri.startswith("http") else ui_command(plan.study.path.parent)
    print_links(tracking.links(), start_with=serving)
    if model is not None:
        console.print("To use it:")
        console.print(f"  {_load_command(plan.uri, model.uri)}", soft_wrap=True)


def _load_command(uri: str, model_uri: str) -> str:
    """Python with the model at hand, from any folder."""
    code = (
        "from automl_on_ray import load_model; "
        f"model = load_model({json.dumps(model_uri)}, tracking_uri={json.dumps(uri)}); print(model)"
    )
    return shlex.join([sys.executable, "-i", "-c", code])
