from . import (
    architecture_options as architecture_options,
    comparison_options as comparison_options,
    hypergradient_options as hypergradient_options,
    options as options,
)
from .brought_words import refuse_brought_values as refuse_brought_values
from .change import Change as Change, change_of as change_of
from .command import checked as checked, command_of as command_of, run_command as run_command
from .errors_and_exit_codes import (
    FAILED_TRIALS as FAILED_TRIALS,
    INTERRUPTED as INTERRUPTED,
    NOT_TRACKED as NOT_TRACKED,
    UNEXPECTED_ERROR as UNEXPECTED_ERROR,
    command_line as command_line,
    console as console,
    disk_is_full as disk_is_full,
    is_python_call as is_python_call,
    python_call as python_call,
    quiet_libraries as quiet_libraries,
    same_command as same_command,
    user_errors_to_exit_codes as user_errors_to_exit_codes,
    with_options as with_options,
)
from .steps import step as step
from .tethered import start_tethered as start_tethered
