"""A study of hyperparameters, from the settings to its end."""

from collections.abc import Mapping

from automl_on_ray.clusters import Resources
from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.finish import conclude
from automl_on_ray.studies.hpo.plan import prepare
from automl_on_ray.studies.hpo.settings import HpoSettings
from automl_on_ray.studies.plan import Schedule, StudyPlan
from automl_on_ray.studies.populations import schedules_of
from automl_on_ray.studies.search import search
from automl_on_ray.studies.trial_rows import Row


def tune_hyperparameters(asked: HpoSettings) -> None:
    """Search, unless a former session has; then train the best config anew, test and register it.

    Exits with how to go on when it is interrupted, and with the code of what went wrong.
    """
    with begun(prepare, asked) as (plan, resources):
        if not plan.study.searched:
            _search(plan, resources)
        rows = [Row(**row) for row in plan.study.read_rows()]
        conclude(plan, rows, resources, trial_schedules=_trial_schedules(plan, rows))


def _search(plan: StudyPlan, resources: Resources) -> None:
    """Leaves its rows in the study's folder."""
    with plan.tracker("trial") as tracking:
        ran, _ = search(plan, resources, tracking)
        tracking.study_end("completed" if plan.study.is_there() else "failed")
        plan.study.write_rows([row.as_dict() for row in ran.rows])


def _trial_schedules(plan: StudyPlan, rows: list[Row]) -> Mapping[str, Schedule]:
    """What each trial's config was in the course of its epochs, where it changed."""
    if plan.schedule:
        return {row.trial_id: plan.schedule for row in rows}
    return schedules_of(plan.study)
