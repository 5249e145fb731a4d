from ._capabilities import (
    SchedulerCapabilities as SchedulerCapabilities,
    scheduler_capabilities as scheduler_capabilities,
    schedulers_that as schedulers_that,
)
from ._create import create_scheduler as create_scheduler
from ._settings import SchedulerSettings as SchedulerSettings
