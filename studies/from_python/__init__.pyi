from .calls import (
    automl as automl,
    classify_series as classify_series,
    forecast as forecast,
    recommend as recommend,
    search_architecture as search_architecture,
    study as study,
    tune as tune,
)
from .result import FoundTrial as FoundTrial, Result as Result
