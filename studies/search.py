"""Runs the search of a study: trials of a searcher's configs, or along a given schedule."""

from typing import Any

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config
from automl_on_ray.studies.inputs import bind, is_reusable
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.populations import keep_schedules, proposals, seeds_along
from automl_on_ray.studies.transfer import keep_trust
from automl_on_ray.studies.tuner import StagePlan, StageResult, run_stage
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.multi_process import alone


def search(
    plan: StudyPlan, resources: Resources, tracking: TrackingCallback, *, title: str = ""
) -> tuple[StageResult, float]:
    """Its trials, and the seconds that it took in all; resumable.

    Exits with how to go on when it is interrupted.
    """
    budget = plan.budget()
    ran = run_stage(plan.study, stage_of(plan, resources, title), tracking, budget)
    keep_trust(getattr(plan.searcher, "trust", {}), tracking)
    if budget.reason:
        console.print(f"The search has ended, as {budget.reason}.")
    if plan.can.keeps_schedules:
        population: Any = plan.scheduler  # what it has is what it declares
        keep_schedules(plan.study, population, ran.rows, plan.evaluation.objectives, tracking)
    return ran, budget.clock_seconds


def stage_of(plan: StudyPlan, resources: Resources, title: str = "") -> StagePlan:
    """The search as a stage of the study."""
    asked, evaluation, schedule = plan.asked, plan.evaluation, plan.schedule
    samples, workers = evaluation.samples, evaluation.workers
    at_once = resources.at_once(workers)
    searcher, param_space = _proposed(plan)
    can = plan.can
    return StagePlan(
        where=plan.study.stage("search"),
        name="search",
        title=f"{plan.name}: {title}{plan.record.searcher} + {plan.record.scheduler} on "
        f"{plan.record.dataset}, {at_once} at once",
        trainable=bind(evaluation.klass, dict(evaluation.trial_kwargs)),
        reused=is_reusable(alone(evaluation.klass)),
        epochs=evaluation.epochs,
        step=plan.record.step,
        objectives=evaluation.objectives,
        awaited=plan.awaited,
        param_space=param_space,
        searcher=searcher,
        scheduler=plan.scheduler,
        # A replay remembers nothing: it goes by the checkpoint that it begins with.
        remembers=schedule is None,
        samples=1 if schedule else samples,
        expected=samples,
        resources=resources,
        workers=workers,
        # A limit would starve a scheduler that pauses trials until others catch up.
        at_once=asked.population if schedule or can.pauses_trials else at_once,
        keep=can.checkpoints_to_keep,
        max_failures=asked.max_failures,
        trial_minutes=asked.trial_minutes,
        retry_failed=asked.retry_failed,
    )


def _proposed(plan: StudyPlan) -> tuple[Any, Config]:
    """What a Tuner takes as `search_alg` and `param_space`."""
    if plan.searcher is None:
        return None, seeds_along(plan.schedule or (), plan.asked.seed)
    samples = plan.evaluation.samples
    return proposals(plan.searcher, plan.evaluation.space, plan.can, samples)
