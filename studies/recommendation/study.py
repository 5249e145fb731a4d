"""A study of a recommender, from the settings to its end."""

from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.folds import search_by_folds
from automl_on_ray.studies.recommendation.finish import finish
from automl_on_ray.studies.recommendation.plan import prepare
from automl_on_ray.studies.recommendation.settings import RecommendSettings


def search_recommenders(asked: RecommendSettings) -> None:
    """Search, unless a former session has; then fit the best again, test it once and register it.

    Exits with how to go on when it is interrupted, and with the code of what went wrong.
    """
    with begun(prepare, asked) as (plan, resources):
        rows = search_by_folds(plan, resources)
        finish(plan, rows, resources)
