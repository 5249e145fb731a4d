from .recorded_study import (
    check_recorded as check_recorded,
    outcome_of as outcome_of,
    outcome_table as outcome_table,
)
from .simulated_study import Simulation as Simulation, Training as Training
