"""Ends a study: final model, report, registered model, and what the terminal says."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import FAILED_TRIALS, NOT_TRACKED, console, same_command, step
from automl_on_ray.schedulers.populations import Segment
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.studies.finish.best_config import keep_best_config, keep_front
from automl_on_ray.studies.finish.ending import Ending, Final
from automl_on_ray.studies.finish.final_training import TrainedAgain
from automl_on_ray.studies.finish.registration import register
from automl_on_ray.studies.finish.terminal_report import (
    print_failures,
    print_links,
    print_trials,
    ui_command,
    why_nothing_scored,
)
from automl_on_ray.studies.finish.tuned_values import keep_tuned_values, say_tuned_values
from automl_on_ray.studies.folder import write_json
from automl_on_ray.studies.plan import StudyPlan
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
    ending: Ending | None = None,
    show_trials: bool = True,
    trial_schedules: Mapping[str, Sequence[Segment]] = MappingProxyType({}),
    verdict: Sequence[str] = (),
) -> None:
    """Exits with code 1 if a trial has failed, or 4 if MLflow does not have all of the study yet.

    May be repeated: what was done is not done again. `ending` makes the final model, else the best
    config is trained again. `trial_schedules` tell of trials whose config changed. `verdict` is
    what an architecture search was worth, in words.
    """
    ranked = scored(rows, plan.record.objectives)
    ended = _end(plan, rows, ranked, resources, ending or TrainedAgain(trial_schedules))
    verdict = [*verdict, *(ended.final.verdict if ended.final else ())]
    front = keep_front(plan, ranked)
    tuned = _keep_best(plan, ranked, trial_schedules, ended.tracking)
    model, tracked = _publish(plan, rows, ranked, ended, verdict)
    if show_trials:
        print_trials(rows, plan.record.objectives, plan.record.step)
    _say_best(plan, rows, ranked, "--try-first" if show_trials else "--cells", front)
    if tuned:
        say_tuned_values(plan, ranked[0], tuned)
    if ended.final is not None:
        ended.final.tell()
    _say_where(plan, ended.tracking, model)
    failed = print_failures(rows) or bool(ended.final and ended.final.failed) or not ranked
    code = FAILED_TRIALS if failed else NOT_TRACKED if not tracked else 0
    _keep_summary(plan, ranked, ended, verdict, model, code)
    _exit(plan, code)


@dataclass(frozen=True)
class _Ended:
    """What the study's `ending` came to, and its tracker."""

    name: str
    final: Final | None
    tracking: TrackingCallback


def _end(
    plan: StudyPlan,
    rows: Sequence[Row],
    ranked: Sequence[Row],
    resources: Resources,
    ending: Ending,
) -> _Ended:
    name = ending.name(plan, ranked) if ranked else ""
    with plan.tracker("final", name) as tracking:
        final = ending.make(plan, ranked, rows, resources, tracking) if ranked else None
    return _Ended(name, final, tracking)


def _keep_best(
    plan: StudyPlan,
    ranked: Sequence[Row],
    trial_schedules: Mapping[str, Sequence[Segment]],
    tracking: TrackingCallback,
) -> list[Segment]:
    """Files of the best config, and of what its trial has tuned, which is returned."""
    best = ranked[0] if ranked else None
    keep_best_config(plan, best, tracking)
    return keep_tuned_values(plan, best, trial_schedules, tracking)


def _publish(
    plan: StudyPlan,
    rows: Sequence[Row],
    ranked: Sequence[Row],
    ended: _Ended,
    verdict: Sequence[str],
) -> tuple[ModelRecord | None, bool]:
    """The registered model, and whether MLflow has all of the study."""
    with step("Writing the report to MLflow"):
        tracked = ended.tracking.study_end("completed" if ranked else "failed")
        tracked &= _report(plan, rows, ranked, ended.final, verdict)
        final = ended.final
        model = final.model() if final is not None else None
        if final is None or model is None:
            return None, tracked
        record = register(plan, ranked[0], model, final.found or ended.name)
        return record, tracked and record is not None


def _say_best(
    plan: StudyPlan, rows: Sequence[Row], ranked: Sequence[Row], taken: str, front: Path | None
) -> None:
    """Where its config is, by which option it is `taken`; or why there is none."""
    if not ranked:
        told = why_nothing_scored(rows, plan.record.objectives)
        console.print(told, style="red", soft_wrap=True)
        return
    told = f"Best config, in full, for {taken}: {plan.study.path / BEST_CONFIG}"
    console.print(told, soft_wrap=True)
    if front is not None:
        told = f"Each point of the front, for {taken} too: {front / 'TRIAL.json'}"
        console.print(told, soft_wrap=True)


def _keep_summary(
    plan: StudyPlan,
    ranked: Sequence[Row],
    ended: _Ended,
    verdict: Sequence[str],
    model: ModelRecord | None,
    code: int,
) -> None:
    best = ranked[0] if ranked else None
    summary = Summary(
        best=_best_of(ranked),
        values={o.metric: best.metrics[o.metric] for o in plan.record.objectives} if best else {},
        final=_metrics(ended.final),
        verdict=list(verdict),
        model=model.uri if model else None,
        tracking_uri=plan.uri,
        links=ended.tracking.links(),
        exit_code=code,
    )
    write_json(plan.study.path / SUMMARY, summary.as_dict())


def _metrics(final: Final | None) -> list[dict[str, float]]:
    return [dict(metrics) for metrics in final.metrics] if final else []


def _exit(plan: StudyPlan, code: int) -> None:
    """Where something went wrong."""
    if code == NOT_TRACKED:
        said = f"MLflow at {plan.uri} does not have all of the study yet; to send the rest:"
        console.print(said, soft_wrap=True)
        console.print(f"  {same_command(plan.name)}", style="bold", soft_wrap=True)
    if code:
        raise SystemExit(code)


def _report(
    plan: StudyPlan,
    rows: Sequence[Row],
    ranked: Sequence[Row],
    final: Final | None,
    verdict: Sequence[str],
) -> bool:
    """Whether it is in MLflow."""
    told = Summary(best=_best_of(ranked), verdict=list(verdict), final=_metrics(final))
    drawn = _drawn(plan, told)
    return log_report(
        plan.uri,
        plan.record,
        trials=rows,
        page=drawn.html if drawn else "",
        importance=drawn.analysis.importance if drawn else {},
        final={final.title: final.facts} if final else None,
        verdict=verdict,
    )


def _best_of(ranked: Sequence[Row]) -> str | None:
    return ranked[0].trial_id if ranked else None


def _drawn(plan: StudyPlan, summary: Summary) -> "Report | None":
    """The study as its folder has it by now. Never raises: it is not worth the end of a study."""
    from automl_on_ray.studies.report import neighbours, report_of  # seconds, of drawing libraries

    try:
        stored = read_study(plan.name, plan.study.path.parent)
        study = replace(stored, state="finished", summary=summary)
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
