"""Runs the search of a study: trials of a searcher's configs, or along a given schedule."""

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import console
from automl_on_ray.schedulers import scheduler_capabilities
from automl_on_ray.schedulers.populations import PopulationBased
from automl_on_ray.studies.inputs import bind, is_reusable
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.populations import keep_lives, proposals, seeds_along
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
    if budget.reason:
        console.print(f"The search has ended, as {budget.reason}.")
    if isinstance(plan.scheduler, PopulationBased):
        keep_lives(plan.study, plan.scheduler, ran.rows, plan.evaluation.objectives, tracking)
    return ran, budget.clock_seconds


def stage_of(plan: StudyPlan, resources: Resources, title: str = "") -> StagePlan:
    """The search as a stage of the study."""
    asked, evaluation, recipe = plan.asked, plan.evaluation, plan.recipe
    samples, workers = evaluation.samples, evaluation.workers
    at_once = resources.at_once(workers)
    searcher, param_space = (
        (None, seeds_along(recipe, asked.seed)) if recipe
        else proposals(plan.searcher, evaluation.space, asked.scheduler, samples)
    )  # fmt: skip
    can = scheduler_capabilities(asked.scheduler)
    return StagePlan(
        where=plan.study.stage("search"),
        title=f"{plan.name}: {title}{plan.record.searcher} + {plan.record.scheduler} on "
        f"{plan.record.dataset}, {at_once} at once",
        trainable=bind(evaluation.klass, dict(evaluation.offers)),
        reused=is_reusable(alone(evaluation.klass)),
        epochs=evaluation.epochs,
        objectives=evaluation.objectives,
        awaited=plan.awaited,
        param_space=param_space,
        searcher=searcher,
        scheduler=plan.scheduler,
        # A replay remembers nothing: it goes by the checkpoint that it begins with.
        remembers=recipe is None,
        samples=1 if recipe else samples,
        expected=samples,
        resources=resources,
        workers=workers,
        # A limit would starve a scheduler that pauses trials until others catch up.
        at_once=asked.population if recipe or can.pauses_trials else at_once,
        keep=can.checkpoints_to_keep,
        max_failures=asked.max_failures,
        trial_minutes=asked.trial_minutes,
        retry_failed=asked.retry_failed,
    )
