from .confidence import half_width as half_width, interval as interval
from .registered_model import load_model as load_model
from .stop_requests import STOPPED as STOPPED, StopRequests as StopRequests
from .stored_study import (
    ELSEWHERE as ELSEWHERE,
    StoredStudy as StoredStudy,
    is_own_folder as is_own_folder,
    read_study as read_study,
    state_of as state_of,
    stored_names as stored_names,
    trial_folders as trial_folders,
)
from .summary import (
    BEST_CONFIG as BEST_CONFIG,
    FORECAST_REPORT as FORECAST_REPORT,
    RECOMMEND_REPORT as RECOMMEND_REPORT,
    SERIES_REPORT as SERIES_REPORT,
    SUMMARY as SUMMARY,
    TABLE_REPORT as TABLE_REPORT,
    Summary as Summary,
    read_summary as read_summary,
    summary_of as summary_of,
)
from .tested import metrics_of_tests as metrics_of_tests
