from .explorers import explorer_of as explorer_of, proposals as proposals
from .trial_schedules import (
    REPEATS as REPEATS,
    SCHEDULE as SCHEDULE,
    along as along,
    keep_schedules as keep_schedules,
    read_schedule as read_schedule,
    schedules_of as schedules_of,
    seeds_along as seeds_along,
)
