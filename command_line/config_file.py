"""Options in a YAML file: --config reads one, --print-config writes one.

A value is read as it would be on the command line, by the type of its option; YAML's own ideas of
what is a number (`1e-3` is none) do not matter. Nodes are composed, never constructed: nothing of
the file is run, and each has its line.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import typer
import yaml
from typer.models import ParameterInfo

from automl_on_ray.command_line.brought_words import answer_to_option
from automl_on_ray.command_line.change import Change
from automl_on_ray.command_line.errors_and_exit_codes import user_errors_to_exit_codes
from automl_on_ray.search_spaces.core import UserError, near_miss, range_of

NULL = "tag:yaml.org,2002:null"
# Tags that YAML finds itself; of others, such as !!binary, the text would not be what is meant.
PLAIN = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
KINDS = {int: "a whole number", float: "a number", bool: "true or false"}


def config_parameters(declared: Mapping[str, Any]) -> list[inspect.Parameter]:
    """--config and --print-config, of a command with the options `declared`."""

    def read(context: typer.Context, path: Path | None) -> Path | None:
        if path is not None:
            with user_errors_to_exit_codes():
                values = read_config(path, declared)
            context.default_map = {**(context.default_map or {}), **values}
        return path

    config = typer.Option(
        callback=read,
        is_eager=True,
        help=(
            "YAML file of options, by their names without dashes in front. The command line "
            "wins over it, and so do environment variables. Example: --config study.yaml"
        ),
    )
    show = typer.Option(
        "--print-config",
        help="Print all options with their values, as a file for --config; nothing is started.",
    )
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(
            "config",
            keyword,
            default=None,
            annotation=Annotated[Path | None, Change.ALLOWED, config],
        ),
        inspect.Parameter(
            "print_config", keyword, default=False, annotation=Annotated[bool, Change.ALLOWED, show]
        ),
    ]


def config_text(values: Mapping[str, Any], declared: Mapping[str, Any]) -> str:
    """All options as YAML, each below a line of help; `read_config` gives the values back."""
    parts = []
    for name, annotation in declared.items():
        told = next(note for note in get_args(annotation) if isinstance(note, ParameterInfo))
        value = values[name]
        plain = {option_name(name): str(value) if isinstance(value, Path) else value}
        text = "".join(value) if isinstance(value, list) else str(value)
        # YAML would fold what breaks lines; escaped it stays.
        line = yaml.safe_dump(plain, allow_unicode=text.isprintable(), width=10**9)
        parts.append(f"# {' '.join((told.help or '').split())}\n{line}")
    return "\n".join(parts)


def read_config(path: Path, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Values by parameter. UserError with file and line for whatever is no option's value."""
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key, node in _entries(path):
        with _at(path, key):
            if not isinstance(key, yaml.ScalarNode):
                raise UserError(f"an option's name must be a word, but is {_group(key)}.")
            name = str(key.value).replace("-", "_")
            if name not in declared:
                raise UserError(_unknown(str(key.value), declared))
            if name in lines:
                raise UserError(f"{option_name(name)} stands on line {lines[name]} already.")
        with _at(path, node):
            values[name] = _value(node, option_name(name), declared[name])
        lines[name] = _line(key)
    return values


def option_name(parameter: str) -> str:
    return parameter.replace("_", "-")


@contextmanager
def _at(path: Path, node: yaml.Node) -> Iterator[None]:
    """Says where in a file a mistake is."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}, line {_line(node)}: {error}") from None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _entries(path: Path) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    root = _root(path)
    if root is None:  # an empty file
        return
    if not isinstance(root, yaml.MappingNode):
        raise UserError(f"{path}, line {_line(root)}: write an option a line, such as trials: 20.")
    yield from root.value


def _root(path: Path) -> yaml.Node | None:
    try:
        root: yaml.Node | None = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except OSError as error:
        raise UserError(f"--config {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"--config {path} is not YAML: {error}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise UserError(f"{path}{place}: this is not YAML ({said}).") from error
    return root


def _unknown(word: str, declared: Mapping[str, Any]) -> str:
    known = [option_name(name) for name in declared]
    answer = answer_to_option(f"--{option_name(word)}", [f"--{one}" for one in known])
    if answer:
        return answer.replace("--", "")
    return f"Unknown option {word!r}.{near_miss(option_name(word), known)}"


def _value(node: yaml.Node, option: str, annotation: Any) -> Any:
    kind = get_args(annotation)[0]
    kinds = [one for one in (get_args(kind) or (kind,)) if one is not NoneType]
    if get_origin(kind) is list:
        kinds = [kind]
    if node.tag == NULL and isinstance(node, yaml.ScalarNode) and NoneType in get_args(kind):
        return None
    if get_origin(kinds[0]) is list:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return [_scalar(one, option, str) for one in nodes]
    value = _scalar(node, option, kinds[0])
    allowed = range_of(annotation)
    if allowed is not None:
        allowed.check(option, value)
    return value


def _scalar(node: yaml.Node, option: str, kind: Callable[[str], Any]) -> Any:
    said = f"{option} must be {KINDS.get(kind, 'a text')}"  # type: ignore[call-overload]
    if not isinstance(node, yaml.ScalarNode):
        raise UserError(f"{said}, but is {_group(node)}.")
    if node.tag not in PLAIN:
        raise UserError(f"{said}, but has the tag {node.tag}.")
    if kind is Path and "\0" in node.value:
        raise UserError(f"{said}, but holds a null character.")
    if node.tag == NULL:
        raise UserError(f"{said}, but nothing is given.")
    text: str = node.value
    try:
        if kind not in KINDS:
            return kind(text)
        if node.style is None:  # a quoted number is a text
            return FLAGS[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError):
        pass
    raise UserError(f"{said}, but is {text!r}.")


def _group(node: yaml.Node) -> str:
    return "a list" if isinstance(node, yaml.SequenceNode) else "a group of options"
