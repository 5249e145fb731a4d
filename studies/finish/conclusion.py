"""Ends a study: final training, report, registered model, and what the terminal says."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import FAILED_TRIALS, NOT_TRACKED, console
from automl_on_ray.schedulers.populations import Segment
from automl_on_ray.searchers.ax import analyse
from automl_on_ray.studies.finish.final_training import (
    Final,
    facts_of,
    print_final,
    train_final,
    training_of,
)
from automl_on_ray.studies.finish.interrupted import same_command
from automl_on_ray.studies.finish.registration import register
from automl_on_ray.studies.finish.terminal_report import (
    print_failures,
    print_links,
    print_trials,
    why_nothing_scored,
)
from automl_on_ray.studies.folder import StudyFolder
from automl_on_ray.studies.inputs import accepts
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.populations import along
from automl_on_ray.studies.trial_rows import Row, scored
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.reports import ModelRecord, log_report

ENOUGH_WHOLE_TRIALS = 10  # to tell from them alone what matters


def conclude(
    plan: StudyPlan,
    rows: Sequence[Row],
    resources: Resources,
    *,
    show_trials: bool = True,
    lives: Mapping[str, Sequence[Segment]] = MappingProxyType({}),
) -> None:
    """Exits with code 1 if a trial has failed, or 4 if MLflow does not have all of the study yet.

    May be repeated: what was done is not done again.
    Where `lives` tells that the best trial's config changed, the final model goes through them all.
    """
    objectives = plan.record.objectives
    ranked = scored(rows, objectives)
    best = ranked[0] if ranked else None
    final, model = None, None
    with plan.tracker("final", training_of(plan, best) if best else "") as tracking:
        if best and plan.asked.final_seeds and accepts(plan.klass, "final"):
            schedule = along(lives, best.trial_id)
            final = train_final(plan, best, rows, resources, tracking, schedule)
    with console.status("Writing the report to MLflow"):
        tracked = tracking.study_end("completed" if ranked else "failed")
        tracked &= _report(plan, rows, final)
        if best and final is not None and plan.makes_networks:
            model = register(plan, best, final)
            tracked &= model is not None
    if show_trials:
        print_trials(rows, objectives)
    if not ranked:
        console.print(why_nothing_scored(rows, objectives), style="red", soft_wrap=True)
    if final is not None:
        print_final(final, ("test_accuracy", "test_loss"))
    _say_where(plan, tracking, model)
    if print_failures(rows) or (final is not None and final.failed) or not ranked:
        raise SystemExit(FAILED_TRIALS)
    if not tracked:
        said = f"MLflow at {plan.uri} does not have all of the study yet; to send the rest:"
        console.print(said, soft_wrap=True)
        console.print(f"  {same_command(plan.study)}", style="bold", soft_wrap=True)
        raise SystemExit(NOT_TRACKED)


def _report(plan: StudyPlan, rows: Sequence[Row], final: Final | None) -> bool:
    """Whether it is in MLflow."""
    objectives = plan.record.objectives
    ranked = scored(rows, objectives)
    whole = [row for row in ranked if row.outcome == "completed"]
    # Few trials get to the end under ASHA; then all count, with what they had when they ended.
    judged = whole if len(whole) >= ENOUGH_WHOLE_TRIALS else ranked
    analysis = analyse(
        plan.offers["space"], objectives, [(row.config, row.metrics) for row in judged]
    )
    if analysis.left_out:
        console.print(analysis.left_out, style="dim")
    return log_report(
        plan.uri,
        plan.record,
        trials=rows,
        figures=analysis.figures,
        importance=analysis.importance,
        final=facts_of(final) if final else None,
    )


def _say_where(plan: StudyPlan, tracking: TrackingCallback, model: ModelRecord | None) -> None:
    """Where the study is to be seen, and how its model is used."""
    if model is not None:
        champion = "the champion" if model.champion else "not the champion"
        console.print(f"Registered as {model.uri}: {champion}, {model.reason}.", soft_wrap=True)
    serving = None if plan.uri.startswith("http") else _ui_command(plan.study)
    print_links(tracking.links(), start_with=serving)
    if model is not None:
        console.print("To use it:")
        console.print(f"  {_load_command(plan.uri, model.uri)}", soft_wrap=True)


def _ui_command(study: StudyFolder) -> str:
    ui = Path(__file__).resolve().parents[2] / "workflows" / "ui.py"
    return shlex.join([sys.executable, str(ui), "--storage", str(study.path.parent)])


def _load_command(uri: str, model_uri: str) -> str:
    """Python with the model at hand, from any folder."""
    code = f"import mlflow; model = mlflow.pyfunc.load_model({model_uri!r}); print(model)"
    command = shlex.join([sys.executable, "-i", "-c", code])
    return f"MLFLOW_TRACKING_URI={shlex.quote(uri)} {command}"
