"""A study of series, from the settings to its end."""

from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.folds import search_by_folds
from automl_on_ray.studies.series_classes.finish import finish
from automl_on_ray.studies.series_classes.plan import prepare
from automl_on_ray.studies.series_classes.settings import SeriesSettings


def search_classifiers(asked: SeriesSettings) -> None:
    """Search, unless a former session has; then fit the best again, test them and register them.

    Exits with how to go on when it is interrupted, and with the code of what went wrong.
    """
    with begun(prepare, asked) as (plan, resources):
        rows = search_by_folds(plan, resources)
        finish(plan, rows, resources)
