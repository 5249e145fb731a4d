"""A study of forecasts, from the settings to its end."""

from automl_on_ray.studies.begin import begun
from automl_on_ray.studies.folds import search_by_folds
from automl_on_ray.studies.forecasting.finish import finish
from automl_on_ray.studies.forecasting.plan import prepare
from automl_on_ray.studies.forecasting.settings import ForecastSettings


def search_forecasts(asked: ForecastSettings) -> None:
    """Search, unless a former session has; then fit the best again, test and register them.

    Exits with how to go on when it is interrupted, and with the code of what went wrong.
    """
    with begun(prepare, asked) as (plan, resources):
        rows = search_by_folds(plan, resources)
        finish(plan, rows, resources)
