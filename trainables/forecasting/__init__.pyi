from .baselines import BASELINES as BASELINES
from .collections import COLLECTIONS as COLLECTIONS
from .ensemble import blended as blended, select as select
from .history import History as History
from .levels import LEVELS as LEVELS, MEDIAN as MEDIAN
from .metrics import (
    mase as mase,
    scales as scales,
    scores as scores,
    smape as smape,
    wql as wql,
)
from .models import FitSettings as FitSettings, Forecaster as Forecaster, fit as fit, load as load
from .panel import (
    ForecastKeywords as ForecastKeywords,
    Panel as Panel,
    give_frame as give_frame,
    load_panel as load_panel,
)
from .registered import (
    Bagged as Bagged,
    columns_of as columns_of,
    final_model_of as final_model_of,
)
from .trainable import FORECASTS as FORECASTS, Forecasts as Forecasts
