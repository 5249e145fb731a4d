"""Writes docs/options.md, all options of all commands, from where they are declared: make docs"""

import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from automl_on_ray.command_line import Change, architecture_options, change_of
from automl_on_ray.search_spaces.core import Between, choices

PAGE = Path(__file__).with_name("options.md")
# What most people look for.
FIRST = ("hpo", "nas", "automl", "forecast", "classify_series", "recommend", "compare", "studies",
         "simulate", "export", "ui",
         "doctor")  # fmt: skip
RESUME = {Change.ANOTHER_STUDY: "fixed", Change.ALLOWED: "free", Change.GROWS: "grows"}
TYPES = {int: "whole number", float: "number", str: "text", Path: "path"}
BEGINNING = """# Options

This page is made from the declarations by `make docs`. Do not edit it.

An empty default means that none is set. A variable in brackets is read from the environment when \
the option is not given. A number outside its range is refused, with exit code 2, before anything \
is started.

The column "resume" says what happens when a named study is resumed with another value of the \
option. `fixed`: it is refused, as it would be another study. `free`: it may change. `grows`: it \
may only grow."""


def page() -> str:
    return "\n\n".join([BEGINNING, *_presets(), *map(_section, commands())]) + "\n"


def commands() -> list[str]:
    """Names of the files in workflows/, the usual ones first."""
    found = [name.replace("-", "_") for name in choices("workflows")]
    return sorted(found, key=lambda name: (FIRST.index(name) if name in FIRST else 99, name))


def functions(name: str) -> dict[str, Callable[..., None]]:
    """What is behind `workflows/NAME.py`: a function of that name, or its COMMANDS by theirs."""
    module = import_module(f"automl_on_ray.workflows.{name}")
    several: dict[str, Callable[..., None]] = getattr(module, "COMMANDS", {})
    return several or {"": getattr(module, name)}


@dataclass(frozen=True)
class Declared:
    """An option or argument of a command, as its function declares it."""

    field: str
    kind: Any
    default: Any
    info: OptionInfo | ArgumentInfo
    limits: Between | None
    change: Change | None

    @property
    def spellings(self) -> list[str]:
        """What may be typed: ["--flip"], ["--nesterov", "--no-nesterov"]; [] for an argument."""
        if isinstance(self.info, ArgumentInfo):
            return []
        # Beside a type, typer takes the first spelling for a default.
        spelled = "/".join(map(str, (self.info.default, *(self.info.param_decls or ()))))
        if given := [word for word in spelled.split("/") if word.startswith("--")]:
            return given
        option = self.field.replace("_", "-")
        return [f"--{option}", *([f"--no-{option}"] if self.kind is bool else [])]


def declared(name: str) -> Iterator[Declared]:
    """The options and arguments of a command, in their order; of all that it has, each in turn."""
    for function in functions(name).values():
        yield from declared_by(function)


def declared_by(function: Callable[..., None]) -> Iterator[Declared]:
    hints = get_type_hints(function, include_extras=True)
    for field, parameter in inspect.signature(function).parameters.items():
        kind, *notes = get_args(hints[field])
        info = next(note for note in notes if isinstance(note, OptionInfo | ArgumentInfo))
        limits = next((note for note in notes if isinstance(note, Between)), None)
        yield Declared(field, kind, parameter.default, info, limits, change_of(hints[field]))


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
    head = f"## {name}.py"
    several = functions(name)
    if "" in several:
        return "\n\n".join([head, *_parts(f"{name}.py", several[""])])
    parts = [head]
    for word, function in several.items():
        parts += _parts(f"{name}.py {word}", function)
    return "\n\n".join(parts)


def _parts(title: str, function: Callable[..., None]) -> list[str]:
    """What it says of itself, then a table for each group of its options."""
    said = inspect.cleandoc(function.__doc__ or "")
    options = list(declared_by(function))
    resumes = any(one.field == "fresh" for one in options)
    head = ["option", "type", "range", "default", *(["resume"] if resumes else []), ""]
    groups: dict[str, list[str]] = {}
    for one in options:
        cells = [*_cells(one), *([RESUME[one.change]] if resumes and one.change else [])]
        group = groups.setdefault(one.info.rich_help_panel or "Options", [])
        group.append(_line([*cells, one.info.help or ""]))
    parts = [said]
    for group in sorted(groups, key=_number):
        rule = _line(["---"] * len(head))
        parts += [f"### {title}: {group}", "\n".join([_line(head), rule, *groups[group]])]
    return parts


def _number(group: str) -> str:
    """Groups as they come, numbered ones at the end."""
    return group if group[0].isdigit() else ""


def _cells(one: Declared) -> list[str]:
    words = " ".join(f"`{word}`" for word in one.spellings) or f"`{one.field.upper()}`"
    variable = f" (`{one.info.envvar}`)" if one.info.envvar else ""
    return [f"{words}{variable}", _type(one.kind), str(one.limits or ""), _default(one.default)]


def _line(cells: Sequence[str]) -> str:
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
