from . import (
    forecast_options as forecast_options,
    recommend_options as recommend_options,
    series_options as series_options,
    table_options as table_options,
)
