"""A dataclass of options as a command: one field an option."""

import inspect
from collections.abc import Callable
from typing import TypeVar, get_type_hints

Asked = TypeVar("Asked")


def command_of(run: Callable[[Asked], None], options: Callable[..., Asked]) -> Callable[..., None]:
    """A function with the fields of the dataclass `options`, of which typer makes a command."""

    def command(**given: object) -> None:
        run(options(**given))

    command.__doc__ = run.__doc__
    command.__signature__ = inspect.signature(options)  # type: ignore[attr-defined]
    command.__annotations__ = get_type_hints(options, include_extras=True)
    return command
