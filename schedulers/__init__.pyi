from ._create import (
    check_pair as check_pair,
    create_scheduler as create_scheduler,
    traits as traits,
)
from ._settings import SchedulerSettings as SchedulerSettings
