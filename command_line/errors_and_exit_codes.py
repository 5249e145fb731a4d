"""Exit codes and one-line error messages, alike in all commands."""

import errno
import logging
import os
import random
import shlex
import signal
import sys
import threading
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces.core import Terminal, UserError, visible

console = Terminal()

FAILED_TRIALS = 1
USER_ERROR = 2
DISK_FULL = 3
UNEXPECTED_ERROR = 1
NOT_TRACKED = 4
INTERRUPTED = 130
QUIETED = ("ray", "ray.tune", "mlflow", "alembic", "ax", "torch.utils.cpp_extension")
MAX_WORD_CHARACTERS = 300  # a path may have so many

_python_calls = 0  # studies of a Python program that run
_WITH = ", with "  # in the words that go on with such a study: keywords follow

# As they were when the command began.
_FOLDER, _ENVIRONMENT = str(Path.cwd()), dict(os.environ)
_SETTINGS = ("AUTOML_", "MLFLOW_TRACKING_URI", "RAY_ADDRESS", "PYTHONPATH")


@contextmanager
def python_call() -> Iterator[None]:
    """For a study that a Python program runs: a user's mistake stays a UserError.

    Ctrl-C becomes KeyboardInterrupt, and failed trials end nothing. What a command changes for all
    of its process is put back, but for its environment.
    """
    global _python_calls
    _python_calls += 1  # others may be at work in other threads
    disabled, drawn = logging.root.manager.disable, random.getstate()
    levels = {name: logging.getLogger(name).level for name in QUIETED}
    at_end = signal.getsignal(signal.SIGTERM)
    try:
        with warnings.catch_warnings():
            yield
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            raise KeyboardInterrupt from None
        if ended.code not in (FAILED_TRIALS, NOT_TRACKED):
            raise
    finally:
        _python_calls -= 1
        logging.disable(disabled)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        random.setstate(drawn)  # Ray's populations draw from it, by the study's seed
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, at_end)


def is_python_call() -> bool:
    """Whether a Python program runs the study, and no command."""
    return _python_calls > 0


@contextmanager
def user_errors_to_exit_codes() -> Iterator[None]:
    """A user's mistake becomes one line and exit code 2; Ctrl-C before the study, code 130.

    So does a disk that is full, with code 3: Ray ends a study that it cannot save.
    """
    if is_python_call():
        yield
        return
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
    return " ".join(
        w if len(w) <= MAX_WORD_CHARACTERS else f"{w[:MAX_WORD_CHARACTERS]}..." for w in words
    )


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
    Of a Python program it is that which runs it; a notebook has none.
    """
    if is_python_call() and not Path(sys.argv[0]).is_file():
        return "the same call in Python"
    return _typed(sys.argv)


def same_command(study: str, *, without: Collection[str] = ()) -> str:
    """That goes on with the study of this name, which it may have had none for.

    Or another one `without` these options, by their fields, as far as they were typed.
    """
    if is_python_call():
        own = [*(f"{option}=None" for option in without), f"name={study!r}"]
        return f"{command_line()}{_WITH}{', '.join(own)}"
    words = [word for word in sys.argv if word != "--fresh"]  # it would begin anew
    words = _without(words, [f"--{option.replace('_', '-')}" for option in without])
    if any(word.startswith("--config") for word in words):
        words.append("--no-fresh")  # the file may say so
    named = any(word == "--name" or word.startswith("--name=") for word in words)
    return _typed([*words, *([] if named else ["--name", study])])


def with_options(command: str, **options: Any) -> str:
    """What `same_command` gave, with these options; they count more than those it has."""
    head, python, own = command.partition(_WITH)
    if python:
        if "name" in options:  # in place of the old one, which is last and may hold anything
            own = own.partition("name=")[0].removesuffix(", ")
        told = (f"{option}={value!r}" for option, value in options.items())
        return f"{head}{_WITH}{', '.join(filter(None, [own, *told]))}"
    for option, value in options.items():
        flag = f"--{option.replace('_', '-')}"
        command += f" {flag}" if value is True else f" {flag} {shlex.quote(str(value))}"
    return command


def _without(words: Sequence[str], options: Collection[str]) -> list[str]:
    """`words` without these options and the values that follow them."""
    kept, dropping = [], False
    for word in words:
        option = word.startswith("--")
        if option:
            dropping = word in options
        if not (dropping or (option and word.partition("=")[0] in options)):
            kept.append(word)
    return kept


def _typed(words: Sequence[str]) -> str:
    settings = [
        f"{name}={shlex.quote(value)}"
        for name, value in sorted(_ENVIRONMENT.items())
        if name.startswith(_SETTINGS) and value and not _has_credentials(value)
    ]
    command = shlex.join([sys.executable, *words])
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
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # of trials that are just ended
    os.environ.setdefault("RAY_TRAIN_ENABLE_V2_MIGRATION_WARNINGS", "0")
    logging.disable(logging.INFO)  # Ax and its libraries greet the terminal when imported
    for name in QUIETED:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
