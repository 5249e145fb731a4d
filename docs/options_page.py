"""Writes docs/options.md, all options of all commands, from where they are declared: make docs"""

import inspect
import types
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from automl_on_ray.command_line import architecture_options
from automl_on_ray.search_spaces.core import Between, choices

PAGE = Path(__file__).with_name("options.md")
FIRST = ("hpo", "nas", "simulate", "export", "ui", "doctor")  # what most people look for
TYPES = {int: "whole number", float: "number", str: "text", Path: "path"}
BEGINNING = """# Options

This page is made from the declarations by `make docs`. Do not edit it.

An empty default means that none is set. A variable in brackets is read from the environment when \
the option is not given. A number outside its range is refused, with exit code 2, before anything \
is started."""


def page() -> str:
    return "\n\n".join([BEGINNING, *_presets(), *map(_section, commands())]) + "\n"


def commands() -> list[str]:
    """Names of the files in workflows/, the usual ones first."""
    found = [name.replace("-", "_") for name in choices("workflows")]
    return sorted(found, key=lambda name: (FIRST.index(name) if name in FIRST else 99, name))


def command(name: str) -> Callable[..., None]:
    """The function behind `workflows/NAME.py`, which has the same name."""
    found: Callable[..., None] = getattr(import_module(f"automl_on_ray.workflows.{name}"), name)
    return found


def declared(name: str) -> Iterator[tuple[str, Any, OptionInfo | ArgumentInfo, Between | None]]:
    """Of each option of a command: its field, type and default, what typer knows, and its range."""
    function = command(name)
    hints = get_type_hints(function, include_extras=True)
    for field, parameter in inspect.signature(function).parameters.items():
        kind, *notes = get_args(hints[field])
        info = next(note for note in notes if isinstance(note, OptionInfo | ArgumentInfo))
        limits = next((note for note in notes if isinstance(note, Between)), None)
        yield field, (kind, parameter.default), info, limits


def spellings(field: str, kind: Any, info: OptionInfo | ArgumentInfo) -> list[str]:
    """What may be typed: ["--flip"], or ["--nesterov", "--no-nesterov"]; [] for an argument."""
    if isinstance(info, ArgumentInfo):
        return []
    # Beside a type, typer takes the first spelling for a default.
    spelled = [str(word) for word in (info.default, *(info.param_decls or ()))]
    if given := [word for word in spelled if word.startswith("--")]:
        return given
    option = field.replace("_", "-")
    return [f"--{option}", *([f"--no-{option}"] if kind is bool else [])]


def _presets() -> list[str]:
    parts = ["## Presets", "`--preset` of `nas.py` changes these defaults:"]
    for name, values in architecture_options.PRESETS.items():
        rows = [f"| `{_assigned(field, value)}` |" for field, value in values.items()]
        parts.append("\n".join([f"| `{name}` |", "|---|", *rows]))
    return parts


def _assigned(field: str, value: Any) -> str:
    option = field.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    return f"--{option} {value}"


def _section(name: str) -> str:
    said = inspect.cleandoc(command(name).__doc__ or "")
    groups: dict[str, list[str]] = {}
    for field, (kind, default), info, limits in declared(name):
        row = _row(field, kind, default, info, limits)
        groups.setdefault(info.rich_help_panel or "Options", []).append(row)
    parts = [f"## {name}.py", said]
    for group, rows in groups.items():
        parts += [f"### {name}.py: {group}", "\n".join([*HEAD, *rows])]
    return "\n\n".join(parts)


HEAD = ("| option | type | range | default | |", "|---|---|---|---|---|")


def _row(
    field: str, kind: Any, default: Any, info: OptionInfo | ArgumentInfo, limits: Between | None
) -> str:
    words = " ".join(f"`{word}`" for word in spellings(field, kind, info)) or f"`{field.upper()}`"
    variable = f" (`{info.envvar}`)" if info.envvar else ""
    cells = [
        f"{words}{variable}", _type(kind), str(limits or ""), _default(default), info.help or ""
    ]  # fmt: skip
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(default: Any) -> str:
    if default is inspect.Parameter.empty:
        return "must be given"
    if default is None:
        return ""
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"`{default}`"


def _type(kind: Any) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not types.NoneType)
    if get_origin(kind) is list:
        return f"{_type(get_args(kind)[0])}, may be repeated"
    return "flag" if kind is bool else TYPES[kind]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
