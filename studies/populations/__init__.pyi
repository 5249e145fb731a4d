from .explorers import explorer_of as explorer_of, proposals as proposals
from .trial_schedules import (
    REPEATS as REPEATS,
    along as along,
    keep_lives as keep_lives,
    lives_of as lives_of,
    read_schedule as read_schedule,
    seeds_along as seeds_along,
)
