"""The code that a registered model brings along, so that it loads without this project.

It is a part of one of our packages, under a name that tells its content: one process may load
models of several versions. Types in the model's skops files are called by that name too.
"""

import ast
import hashlib
import json
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from automl_on_ray.search_spaces.core import written_whole

# The copy that a process has imported first may be gone by now, with its model.
START = """import sys
from pkgutil import extend_path

from {entry} import _load_pyfunc as _load


def _load_pyfunc(path):
    rooms = [name for name in sys.modules if f"{{name}}.".startswith(f"{{__name__}}.")]
    for name in sorted(rooms):
        room = sys.modules[name]
        if hasattr(room, "__path__"):
            room.__path__ = extend_path(list(room.__path__), name)
    return _load(path)
"""
SCHEMA = "schema.json"  # in a skops file, which is a zip archive: where names of types are
# In place of lazy_loader, which a model should not need.
ROOM = '''"""{name}: what it offers is imported at its first use."""

import importlib

_HOMES = {homes}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(name)
    module, own = _HOMES[name]
    return getattr(importlib.import_module(f"{{__name__}}.{{module}}"), own)
'''


@dataclass(frozen=True)
class Brought:
    """The files of our package `ours`, whose folder is `root`, that a model of it needs.

    `patterns` are as of `Path.glob`, below the folder, one folder deep at most. None of them
    imports anything of this project but what is brought too. The module `entry` of the package
    has `_load_pyfunc(path)`. `start` is the first part of the new package's name. Modules `beside`
    are of other packages of ours; they come to lie in the new package itself, and are imported as
    `from package import module`.
    """

    ours: str
    root: Path
    patterns: tuple[str, ...]
    entry: str
    start: str
    beside: tuple[str, ...] = ()


def bring_code(brought: Brought, folder: Path) -> Path:
    """A package in `folder` that has `_load_pyfunc(path)` and imports nothing of this project.

    The folder may have it already, of the same content.
    """
    sources = dict(_sources(brought))
    digest = hashlib.sha256(json.dumps(sources).encode()).hexdigest()[:8]
    package = folder / f"{brought.start}_{digest}"
    for name, text in sources.items():
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as part:
            part.write_text(text.replace(brought.ours, package.name), encoding="utf-8")
    return package


def call_types(brought: Brought, folder: Path, package: str) -> None:
    """Have the skops files below `folder` call types of ours as of the brought `package`."""
    for path in sorted(folder.rglob("*.skops")):
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        schema = parts[SCHEMA].decode()
        if f'"{brought.ours}.' in schema:
            parts[SCHEMA] = schema.replace(f'"{brought.ours}.', f'"{package}.').encode()
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for name, content in parts.items():
                    archive.writestr(name, content)


def _sources(brought: Brought) -> Iterator[tuple[str, str]]:
    """Files by their place in the package, and their text."""
    for name, text in _below(brought):
        for module in brought.beside:
            package, _, own = module.rpartition(".")
            ours = f"from {brought.ours} import {own}\n"
            text = text.replace(f"from {package} import {own}\n", ours)
        yield name, text
    for module in brought.beside:
        path = Path(str(import_module(module).__file__))
        yield path.name, path.read_text(encoding="utf-8")


def _below(brought: Brought) -> Iterator[tuple[str, str]]:
    root = brought.root
    yield "__init__.py", START.format(entry=f"{brought.ours}.{brought.entry}")
    paths = sorted({path for pattern in brought.patterns for path in root.glob(pattern)})
    for folder in sorted({path.parent for path in paths} - {root}):
        modules = {path.stem for path in paths if path.parent == folder}
        yield f"{folder.name}/__init__.py", _room(folder, modules)
    for path in paths:
        if path.name != "__init__.py":
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def _room(folder: Path, modules: Collection[str]) -> str:
    """What its `__init__.pyi` lists of the `modules`: by name the module, and the name there."""
    offered = ast.parse((folder / "__init__.pyi").read_text(encoding="utf-8"))
    homes = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in offered.body
        if isinstance(node, ast.ImportFrom) and node.module in modules
        for alias in node.names
    }
    return ROOM.format(name=folder.name, homes=homes)
