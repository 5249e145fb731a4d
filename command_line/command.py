"""Makes a command of a function or of a dataclass of options, and runs it."""

import functools
import inspect
import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar, get_args, get_type_hints

import typer
from typer.models import ArgumentInfo

from automl_on_ray.command_line.brought_words import answer_to_option
from automl_on_ray.command_line.config_file import config_parameters, config_text, option_name
from automl_on_ray.command_line.errors_and_exit_codes import user_errors_to_exit_codes
from automl_on_ray.search_spaces.core import UserError, check_no_secrets, check_ranges


class Checked(Protocol):
    """Settings that tell mistakes at once."""

    def check(self) -> None:
        """UserError for what is wrong and can be seen without what takes seconds to import."""


Settings = TypeVar("Settings", bound=Checked)


def command_of(
    run: Callable[[Settings], None], options: Callable[..., Settings]
) -> Callable[..., None]:
    """A function with the fields of the dataclass `options`, of which typer makes a command."""

    own = inspect.signature(options)
    hints = get_type_hints(options, include_extras=True)
    declared = {name: hints[name] for name in own.parameters}

    def command(*, config: object, print_config: bool, **given: object) -> None:
        with user_errors_to_exit_codes():
            asked = options(**given)
        if print_config:
            with user_errors_to_exit_codes():
                check_no_secrets(vars(asked))  # what is printed is meant to be kept
            print(config_text(vars(asked), declared), end="")
            return
        with user_errors_to_exit_codes():
            asked.check()
        run(asked)

    parameters = [*own.parameters.values(), *config_parameters(declared)]
    command.__doc__ = run.__doc__
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters} | declared
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


def run_command(command: Callable[..., None] | Mapping[str, Callable[..., None]]) -> None:
    """Run it with what was typed, or of several the one whose name comes first.

    What cannot be read is one line and exit code 2, too.
    """
    commands = command if isinstance(command, Mapping) else {"": command}
    _leave_own_folder()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may be no text
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    for name, one in commands.items():
        app.command(name or None)(one)
    with user_errors_to_exit_codes():
        try:
            code = app(standalone_mode=False)
        except Exception as error:
            # What typer says of the command line; its versions have no common class for it.
            said = getattr(error, "format_message", None)
            if said is None:
                raise
            raise UserError(_answer(commands.values(), error) or said()) from error
    raise SystemExit(code or 0)


def _answer(commands: Iterable[Callable[..., None]], error: Exception) -> str:
    """To an option that is none of the commands', but another program's."""
    known = [
        name.upper() if _is_argument(hint) else f"--{option_name(name)}"
        for one in commands
        for name, hint in get_type_hints(one, include_extras=True).items()
    ]
    return answer_to_option(str(getattr(error, "option_name", "")).replace("_", "-"), known)


def _is_argument(declared: Any) -> bool:
    return any(isinstance(note, ArgumentInfo) for note in get_args(declared))


def _leave_own_folder() -> None:
    """Take the script's folder, which Python puts first, off the path (Ray has put its own before).

    Modules there are commands: a module of the user's of the same name would not be found.
    """
    own = os.path.dirname(os.path.realpath(sys.argv[0]))
    if own != os.path.realpath(os.getcwd()):
        sys.path[:] = [path for path in sys.path if not path or os.path.realpath(path) != own]
