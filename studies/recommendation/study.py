"""A study of a recommender, from the settings to its end."""

from automl_on_ray.clusters import Resources
from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.recommendation.finish import finish
from automl_on_ray.studies.recommendation.plan import RecommendPlan, prepare
from automl_on_ray.studies.recommendation.settings import RecommendSettings
from automl_on_ray.studies.search import search
from automl_on_ray.studies.trial_rows import Row


def search_recommenders(asked: RecommendSettings) -> None:
    """Search, unless a former session has; then fit the best again, test it once and register it.

    Exits with how to go on when it is interrupted, and with the code of what went wrong.
    """
    with begun(prepare, asked) as (plan, resources):
        if not plan.study.searched:
            _search(plan, resources)
        rows = [Row(**row) for row in plan.study.read_rows()]
        finish(plan, rows, resources)


def _search(plan: RecommendPlan, resources: Resources) -> None:
    """Leaves its rows in the study's folder."""
    with plan.tracker("trial") as tracking:
        ran, _ = search(plan, resources, tracking)
        tracking.study_end("completed" if plan.study.is_there() else "failed")
        plan.study.write_rows([row.as_dict() for row in ran.rows])
