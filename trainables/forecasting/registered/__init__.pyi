from .bagged import Bagged as Bagged
from .final_model import (
    BROUGHT as BROUGHT,
    columns_of as columns_of,
    final_model_of as final_model_of,
)
from .forecast_model import ForecastModel as ForecastModel
from .frames import Columns as Columns, read_history as read_history
