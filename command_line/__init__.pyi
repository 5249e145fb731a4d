from . import architecture_options as architecture_options, options as options
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
    quiet_libraries as quiet_libraries,
    user_errors_to_exit_codes as user_errors_to_exit_codes,
)
from .tethered import start_tethered as start_tethered
