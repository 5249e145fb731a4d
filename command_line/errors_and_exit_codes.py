"""Exit codes and one-line error messages, alike in all commands."""

import errno
import logging
import os
import shlex
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl_on_ray.search_spaces.core import Terminal, UserError, visible

console = Terminal()

FAILED_TRIALS = 1
USER_ERROR = 2
DISK_FULL = 3
UNEXPECTED_ERROR = 1
NOT_TRACKED = 4
INTERRUPTED = 130
LONGEST_WORD = 300  # letters: a path may have so many

# As they were when the command began.
_FOLDER, _ENVIRONMENT = str(Path.cwd()), dict(os.environ)
_SETTINGS = ("AUTOML_", "MLFLOW_TRACKING_URI", "RAY_ADDRESS", "PYTHONPATH")


@contextmanager
def user_errors_to_exit_codes() -> Iterator[None]:
    """A user's mistake becomes one line and exit code 2; Ctrl-C before the study, code 130.

    So does a disk that is full, with code 3: Ray ends a study that it cannot save.
    """
    try:
        _check_script()
        yield
    except UserError as error:
        print(f"Error: {_line(error)}", file=sys.stderr)
        raise SystemExit(USER_ERROR) from None
    except Exception as error:
        if not disk_is_full(error):
            raise
        print(
            "Error: No space is left where the study is stored, so it was stopped; free some, and "
            "the same command goes on with it.",
            file=sys.stderr,
        )
        raise SystemExit(DISK_FULL) from None
    except KeyboardInterrupt:
        print("Stopped; nothing was lost.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _line(error: Exception) -> str:
    """One, without what may command a terminal; a word that is very long is cut."""
    words = visible(" ".join(str(error).split())).split(" ")
    return " ".join(w if len(w) <= LONGEST_WORD else f"{w[:LONGEST_WORD]}..." for w in words)


def _check_script() -> None:
    """UserError if the script is not of the code that it imports.

    `ray submit` sends it alone, into the head's home; elsewhere it may be the user's own.
    """
    script = Path(sys.argv[0]).absolute()
    own = Path(__file__).parents[1] / "workflows" / script.name
    if script.parent != Path.home() or not (script.is_file() and own.is_file()):
        return
    if script.read_bytes() != own.read_bytes():
        raise UserError(
            f"{script} is not what {own.parent} has, whose other files it would run with: bring "
            "all of your code here first (`ray rsync-up FILE.yaml`), and submit it again."
        )


def disk_is_full(error: BaseException | None) -> bool:
    """Whether that is at the root of it. Ray passes errors on as texts."""
    while error is not None:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        if full or os.strerror(errno.ENOSPC) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def command_line() -> str:
    """The command that was typed, to be pasted into any shell.

    With its folder, since paths may be relative; its Python; and the settings in its environment.
    """
    settings = [
        f"{name}={shlex.quote(value)}"
        for name, value in sorted(_ENVIRONMENT.items())
        if name.startswith(_SETTINGS) and value and not _has_credentials(value)
    ]
    command = shlex.join([sys.executable, *sys.argv])
    return " ".join(["cd", shlex.quote(_FOLDER), "&&", *settings, command])


def _has_credentials(value: str) -> bool:
    return "://" in value and "@" in value


def quiet_libraries() -> None:
    """Leave the terminal to the study: Ray's and MLflow's own lines would tear the live view.

    Ray reads some of this when it is imported or started, so call it first.
    """
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("TUNE_PRINT_ALL_TRIAL_ERRORS", "0")  # they are told in a line each
    os.environ.setdefault("RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS", "0")
    logging.disable(logging.INFO)  # Ax and its libraries greet the terminal when imported
    for name in ("ray", "ray.tune", "mlflow", "alembic", "ax", "torch.utils.cpp_extension"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
