"""Checks that a library has the undocumented names that we use of it.

One module a library declares these names, and has them checked when it is imported, before a
study starts. Another version may lack one; a study is to be told so at once, not by an
AttributeError two hours later.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from types import CodeType, TracebackType
from typing import Any

from automl_on_ray.search_spaces.core.errors import UserError

PROJECT = "automl-on-ray"
_NAME = re.compile(
    r"(?P<module>[\w.]+):(?P<path>[\w.]+)(\((?P<parameters>.*)\))?( -> (?P<used>.+))?"
)


@dataclass(frozen=True)
class Internals:
    """Names that we need of the libraries named `distributions`, the patched one first.

    A name is one of these:

    - `module:function`, `module:Class.attribute`; also an attribute that only instances have
    - `module:Class.method(trial, result)`, with its parameters but self, and no others
    - `module:Class.method(trial, ...)`: others may follow, if they may be left out
    - `module:function -> word`: its code uses that name or text, as that of a hook of ours
    """

    distributions: tuple[str, ...]
    names: tuple[str, ...]

    def check(self) -> None:
        """UserError if a name is missing: which one, what is installed, and what would do."""
        missing = [name for name in self.names if not _is_there(name)]
        if not missing:
            return
        more = f" (nor {len(missing) - 1} others)" if missing[1:] else ""
        installed = " and ".join(filter(None, map(_installed, self.distributions)))
        bounds = [bound for name in self.distributions if (bound := _bound(name))]
        works = f" Known to work: {', '.join(bounds)}." if bounds else ""
        raise UserError(
            f"{installed or self.distributions[0]} does not fit {PROJECT}, which needs "
            f"{missing[0]}{more}.{works} Install what constraints.txt of this project names."
        )

    def check_at_import(self) -> None:
        """As `check`, where no command can catch it yet: one line and exit code 2 all the same."""
        try:
            self.check()
        except UserError:
            sys.excepthook = _tell
            raise


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not isinstance(error, UserError):
        sys.__excepthook__(kind, error, trace)
        return
    print(f"Error: {error}", file=sys.stderr)
    raise SystemExit(2)


def _is_there(name: str) -> bool:
    parts = _NAME.fullmatch(name)
    assert parts is not None, name
    try:
        found: Any = importlib.import_module(parts["module"])
        for word in parts["path"].split("."):
            owner, found = found, inspect.getattr_static(found, word, None)
            if found is None:
                return parts["parameters"] is None and parts["used"] is None and _sets(owner, word)
    except (ImportError, AttributeError):  # a library that does not fit another cannot be imported
        return False
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if parts["used"] is not None:
        code = getattr(inspect.unwrap(found), "__code__", None)
        return code is not None and parts["used"] in _words(code)
    return parts["parameters"] is None or _takes(found, parts["parameters"])


def _sets(owner: Any, word: str) -> bool:
    """Whether instances of a class have that attribute: its methods speak of it."""
    if not inspect.isclass(owner):
        return hasattr(owner, word)  # of a module: None
    return any(
        word in getattr(klass, "__annotations__", {})
        or any(word in _words(method.__code__) for method in map(inspect.unwrap, _functions(klass)))
        for klass in owner.__mro__
    )


def _functions(klass: type) -> Iterator[Any]:
    return filter(inspect.isfunction, vars(klass).values())


def _words(code: CodeType) -> set[str]:
    """All names in a function, and its texts; of functions in it too."""
    found = {*code.co_names, *code.co_varnames}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _words(constant)
        elif isinstance(constant, str | tuple):  # the keys of a dict are one tuple
            found |= {constant} if isinstance(constant, str) else {*filter(_is_text, constant)}
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _takes(function: Any, parameters: str) -> bool:
    wanted = [word.strip() for word in parameters.split(",") if word.strip()]
    try:
        has = dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return False
    has.pop("self", None)
    has.pop("_ray_trace_ctx", None)  # which Ray gives to all methods once a class is an actor's
    first = list(has)[: len([word for word in wanted if word != "..."])]
    rest = [each for name, each in has.items() if name not in first]
    if "..." not in wanted:
        return list(has) == wanted
    optional = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    spare = all(e.default is not inspect.Parameter.empty or e.kind in optional for e in rest)
    return first == wanted[:-1] and spare


def _installed(distribution: str) -> str:
    try:
        return f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return ""


def _bound(distribution: str) -> str:
    """What this project asks of a library, as `ray>=2.60,<2.61`; empty where it is not installed.

    On a cluster's machine our code may have come along without its metadata.
    """
    with suppress(metadata.PackageNotFoundError):
        for line in metadata.requires(PROJECT) or ():
            name, bounds = re.match(r"([\w.-]+)(?:\[[^]]*\])?\s*([^;]*)", line).groups()  # type: ignore[union-attr]
            if name.lower() == distribution and bounds:
                return f"{name}{','.join(sorted(bounds.strip(' ()').split(','), reverse=True))}"
    return ""
