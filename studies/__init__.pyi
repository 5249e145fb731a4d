from .budget import Budget as Budget
from .confidence import half_width as half_width
from .finish import conclude as conclude, say_how_to_go_on as say_how_to_go_on
from .folder import once as once
from .progress import Progress as Progress
from .resume import resume_config as resume_config
from .trial_rows import Row as Row
from .tune_run_config import run_config as run_config
from .tuner import run_trials as run_trials
from .unexpected_errors import traceback_kept as traceback_kept
