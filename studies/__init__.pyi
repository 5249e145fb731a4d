from .budget import Budget as Budget
from .live import Progress as Progress, Shown as Shown
from .trial_rows import Row as Row
from .tuner import StagePlan as StagePlan, run_config as run_config, run_trials as run_trials
from .unexpected_errors import traceback_kept as traceback_kept
