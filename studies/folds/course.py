"""The search of a study by folds."""

from automl_on_ray.clusters import Resources
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.search import search
from automl_on_ray.studies.trial_rows import Row


def search_by_folds(plan: StudyPlan, resources: Resources) -> list[Row]:
    """Rows of all trials: what a former session has left in the study's folder, or a search does.

    UserError if the folder was removed meanwhile.
    """
    if not plan.study.searched:
        with plan.tracker(plan.evaluation.role) as tracking:
            ran, _ = search(plan, resources, tracking)
            tracking.study_end("completed" if plan.study.is_there() else "failed")
            plan.study.write_rows([row.as_dict() for row in ran.rows])
    return [Row(**row) for row in plan.study.read_rows()]
