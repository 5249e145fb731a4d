"""Makes a command of a function or of a dataclass of options, and runs it."""

import functools
import inspect
import io
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

import typer

from automl_on_ray.command_line.errors_and_exit_codes import user_errors_to_exit_codes
from automl_on_ray.search_spaces.core import UserError, check_ranges

Settings = TypeVar("Settings")


def command_of(
    run: Callable[[Settings], None], options: Callable[..., Settings]
) -> Callable[..., None]:
    """A function with the fields of the dataclass `options`, of which typer makes a command."""

    def command(**given: object) -> None:
        with user_errors_to_exit_codes():
            asked = options(**given)
        run(asked)

    command.__doc__ = run.__doc__
    command.__signature__ = inspect.signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = get_type_hints(options, include_extras=True)
    return command


def checked(command: Callable[..., None]) -> Callable[..., None]:
    """`command`, whose numbers are first held against the ranges in its own annotations."""
    declared = get_type_hints(command, include_extras=True)

    @functools.wraps(command)
    def first_checked(**given: Any) -> None:
        with user_errors_to_exit_codes():
            check_ranges(declared, given)
        command(**given)

    return first_checked


def run_command(command: Callable[..., None]) -> None:
    """Run it with what was typed. What cannot be read is one line and exit code 2, too."""
    _leave_own_folder()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may be no text
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    with user_errors_to_exit_codes():
        try:
            code = app(standalone_mode=False)
        except Exception as error:
            # What typer says of the command line; its versions have no common class for it.
            said = getattr(error, "format_message", None)
            if said is None:
                raise
            raise UserError(said()) from error
    raise SystemExit(code or 0)


def _leave_own_folder() -> None:
    """Take the script's folder, which Python puts first, off the path (Ray has put its own before).

    Modules there are commands: a module of the user's of the same name would not be found.
    """
    own = os.path.dirname(os.path.realpath(sys.argv[0]))
    if own != os.path.realpath(os.getcwd()):
        sys.path[:] = [path for path in sys.path if not path or os.path.realpath(path) != own]
