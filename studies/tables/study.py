"""A study of a table, from the settings to its end."""

from dataclasses import replace

from automl_on_ray.clusters import Resources, memory_of_a_trial
from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.folds import search_by_folds
from automl_on_ray.studies.tables.finish import finish
from automl_on_ray.studies.tables.plan import TablePlan, prepare
from automl_on_ray.studies.tables.settings import AutomlSettings
from automl_on_ray.trainables.tables import check_fits


def search_pipelines(asked: AutomlSettings) -> None:
    """Search, unless a former session has; then weight the best, test them once and register them.

    Exits with how to go on when it is interrupted, and with the code of what went wrong.
    """
    with begun(prepare, asked) as (plan, resources):
        plan = limited(plan, resources)
        check_fits(plan.data.folds, len(plan.data.kinds), plan.trial_kwargs["memory_limit"])
        rows = search_by_folds(plan, resources)
        finish(plan, rows, resources)


def limited(plan: TablePlan, resources: Resources) -> TablePlan:
    """With what a fit of a trial may take: seconds, and bytes of memory.

    As long as the search for all fits of one trial, since else none would be whole. It goes by what
    is asked, not by what is left: a trial does not fail because its study was resumed.
    """
    asked, evaluation = plan.asked, plan.evaluation
    limits = {
        "time_limit": None if asked.minutes is None else 60 * asked.minutes / asked.epochs,
        "memory_limit": memory_of_a_trial(resources),
    }
    return replace(
        plan,
        evaluation=replace(evaluation, trial_kwargs={**evaluation.trial_kwargs, **limits}),
        trial_kwargs={**plan.trial_kwargs, **limits},
    )
