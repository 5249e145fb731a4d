"""Reads what a searcher or scheduler can do from the constant `CAPABILITIES` of its module.

So no other file knows modules by name: it asks for what it needs, and a new module that can it is
served from then on. It is read from the source, as far as it stands there in plain values: to
import such a module may take seconds, and a mistake is to be refused before.
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from automl_on_ray.search_spaces.core.lookup import choices, module_of

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class DeclaredIn(Generic[Kind]):
    """What the modules of `room` declare: each a dataclass `kind`, its defaults if nothing."""

    room: str
    kind: type[Kind]

    def of(self, name: str) -> Kind:
        """By the name that chooses the module.

        UserError if there is no such module, TypeError if it declares something else.
        """
        where = module_of(self.room, name, kind=self.room.removesuffix("s"))
        read = None if where in sys.modules else self._read(where)
        if read is not None:
            return read
        module = importlib.import_module(where)
        declared = getattr(module, "CAPABILITIES", self.kind())
        if not isinstance(declared, self.kind):
            wanted = self.kind.__name__
            raise TypeError(f"{module.__name__}.CAPABILITIES is no {wanted}: {declared!r}")
        return declared

    def _read(self, module: str) -> Kind | None:
        """From the module's source; None where only the module itself can tell."""
        source = _source(module)
        value = _assigned(ast.parse(source), "CAPABILITIES")
        if value is None:
            return None if "CAPABILITIES" in source else self.kind()
        if not (isinstance(value, ast.Call) and not value.args):
            return None
        if getattr(value.func, "id", "") != self.kind.__name__:
            return None
        with suppress(ValueError):  # no plain value
            return self.kind(
                **{str(one.arg): ast.literal_eval(one.value) for one in value.keywords}
            )
        return None

    def that(self, fits: Callable[[Kind], bool], *, near: str) -> list[str]:
        """Names of those that fit, the nearest to the one named `near` first.

        Nearer is what has the same in the first field of `kind` that tells the two apart.
        """
        known: dict[str, Kind] = {}
        for name in choices(self.room):
            with suppress(ImportError):  # of a library that only this one needs
                known[name] = self.of(name)
        own: Any = known[near.replace("_", "-")]
        return sorted(
            (name for name, each in known.items() if fits(each)),
            key=lambda name: _differences(own, known, name),
        )


def _differences(own: Any, known: Mapping[str, Any], name: str) -> list[bool]:
    return [a != b for a, b in zip(astuple(own), astuple(known[name]), strict=True)]


def literal_of(module: str, path: str) -> Any:
    """The plain value that `module` gives to `NAME` or `Class.NAME`, which is not imported.

    KeyError if there is no such name, ValueError if its value is not plain.
    """
    *classes, name = path.split(".")
    block: ast.Module | ast.ClassDef = ast.parse(_source(module))
    for wanted in classes:
        block = {one.name: one for one in block.body if isinstance(one, ast.ClassDef)}[wanted]
    value = _assigned(block, name)
    if value is None:
        raise KeyError(f"{module}:{path}")
    return ast.literal_eval(value)


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    return importlib.util.decode_source(Path(str(spec.origin)).read_bytes())


def _assigned(block: ast.Module | ast.ClassDef, name: str) -> ast.expr | None:
    """What a name is given in it; None if nothing."""
    for line in block.body:
        if isinstance(line, ast.Assign | ast.AnnAssign):
            targets = line.targets if isinstance(line, ast.Assign) else [line.target]
            if any(isinstance(one, ast.Name) and one.id == name for one in targets):
                return line.value
    return None
