"""What touches the inside of libraries is where it is declared and checked, and nowhere else."""

import ast
import functools
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted(path.name for path in (ROOT / "automl_on_ray").iterdir() if path.is_symlink())
ALLOWED = {
    "clusters/ray_internals.py",
    "search_spaces/supernet/torch_internals.py",
    "searchers/ax/internals.py",
    "tracking/store/mlflow_internals.py",
    "trainables/_ray_internals.py",
    *(str(path.relative_to(ROOT)) for path in (ROOT / "schedulers/tune_internals").glob("*.py")),
}
# Of Python's own, and documented.
PYTHONS = {"os._exit", "sys._getframe", "'_fields'"}
# Without an underscore, and as little documented.
PRIVATE_MODULES = ("ray.tune.execution", "ray.train", "ray.tune.impl", "ray.air.execution")


@functools.cache  # not while tests are collected, which each process of a run does
def trees() -> dict[str, ast.Module]:
    """Of each module of ours, by its path."""
    return {
        str(file.relative_to(ROOT)): ast.parse(file.read_text())
        for top in [*ROOMS, "docs"]
        for file in sorted((ROOT / top).rglob("*.py"))
    }


def is_private(name: str) -> bool:
    return (
        name.startswith("_") and not (name.startswith("__") and name.endswith("__")) and name != "_"
    )


def is_foreign(module: str) -> bool:
    top = module.partition(".")[0]
    return top not in {"automl_on_ray", "benchmarks", "tests", ""} | sys.stdlib_module_names


def defined_in(node: ast.AST) -> set[str]:
    """Names of functions and classes, and of attributes and variables that are assigned."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            found.add(each.name)
        elif isinstance(each, ast.Attribute | ast.Name) and isinstance(each.ctx, ast.Store):
            owner = each.value if isinstance(each, ast.Attribute) else None
            if owner is None or (isinstance(owner, ast.Name) and owner.id in ("self", "cls")):
                found.add(each.attr if isinstance(each, ast.Attribute) else each.id)
    return found


class Classes:
    """All classes of ours: what they define, and what those that they are made from do."""

    def __init__(self) -> None:
        self.nodes: dict[str, list[ast.ClassDef]] = {}
        for tree in trees().values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    self.nodes.setdefault(node.name, []).append(node)

    def names(self, node: ast.ClassDef, seen: frozenset[str] = frozenset()) -> set[str]:
        found = defined_in(node)
        for base in node.bases:
            words = [each.id for each in ast.walk(base) if isinstance(each, ast.Name)]
            words += [each.attr for each in ast.walk(base) if isinstance(each, ast.Attribute)]
            for word in set(words) - seen:
                for other in self.nodes.get(word, []):
                    found |= self.names(other, seen | {word})
        return found


classes = functools.cache(Classes)


def own_attributes(tree: ast.Module) -> set[ast.AST]:
    """`self._x` and `super()._x` where the class, or one of ours that it comes of, defines `_x`."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        names = classes().names(node)
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute) and each.attr in names:
                owner = ast.unparse(each.value)
                if owner in ("self", "cls", "super()", node.name):
                    found.add(each)
    return found


def touching(tree: ast.Module) -> list[str]:
    """Lines of a module that use private names of a library."""
    mine, own = own_attributes(tree), defined_in(tree)
    found = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node not in mine:
            owner = ast.unparse(node.value)
            beside = node.attr in own and owner not in ("self", "cls", "super()")
            names = [] if beside or ast.unparse(node) in PYTHONS else [ast.unparse(node)]
        elif isinstance(node, ast.Attribute) and node.attr == "__class__":
            names = ["__class__ = ..."] if isinstance(node.ctx, ast.Store) else []
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if is_inside(alias.name)]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            paths = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [path for path in paths if is_inside(path)]
        elif isinstance(node, ast.keyword) and node.arg and is_private(node.arg):
            names = [f"{node.arg}=..."]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "getattr",
            "setattr",
            "hasattr",
        ):
            word = node.args[1]
            text = word.value if isinstance(word, ast.Constant) else ""
            names = [repr(text)] if is_private(text) and text not in own else []
            names = [name for name in names if name not in PYTHONS]
        found += [f"line {node.lineno}: {name}" for name in names]
    return found


def is_inside(path: str) -> bool:
    return is_foreign(path) and (
        any(map(is_private, path.split("."))) or path.startswith(PRIVATE_MODULES)
    )


def assigned_to_classes(tree: ast.Module) -> list[str]:
    """Attributes of imported classes or modules that a module changes for the whole process."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level and is_foreign(node.module or "")
        for alias in node.names
    }
    return [
        f"line {node.lineno}: {ast.unparse(node)} = ..."
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id in imported
    ]


def never_called(tree: ast.Module) -> list[str]:
    """Private methods that nothing of ours speaks of: a library calls them, in place of its own."""
    return [
        f"line {method.lineno}: def {method.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef)
        and is_private(method.name)
        and method.name not in spoken_of()
    ]


@functools.cache
def spoken_of() -> set[str]:
    """All names that our modules use."""
    return {
        word
        for tree in trees().values()
        for node in ast.walk(tree)
        for word in [getattr(node, "attr", None), getattr(node, "id", None)]
        if word
    }


@pytest.mark.parametrize("room", [*ROOMS, "docs"])
def test_the_inside_of_libraries_is_touched_where_it_is_declared_and_nowhere_else(room):
    wrong = [
        f"{file}, {line}"
        for file, tree in trees().items()
        if file.startswith(f"{room}/") and file not in ALLOWED
        for line in [*touching(tree), *assigned_to_classes(tree), *never_called(tree)]
    ]
    assert not wrong


@pytest.mark.parametrize("file", sorted(ALLOWED))
def test_what_is_touched_is_declared(file):
    place = "schedulers/tune_internals/required_names.py" if "tune_internals" in file else file
    declared = set(re.findall(r"\w+", (ROOT / place).read_text().partition(".check_at_import")[0]))
    words = {line.split(": ", 1)[1] for line in touching(trees()[file])}
    touched = {word for line in words for word in re.findall(r"\w+", line) if is_private(word)}
    assert touched <= declared | {"_internal", "_private", "_python_dispatch", "_pytree"}


PATCH = "from ray.tune import Tuner\nTuner.fit = None"
HOOK = "class Mine(Trainable):\n    def _open_everything(self): pass"


@pytest.mark.parametrize(
    "code",
    [
        "trial._storage",
        "from ray.train._internal.session import x",
        "import numpy._core",
        "from ray.tune.execution.tune_controller import TuneController",
        "Tuner(_tuner_kwargs={})",
        "getattr(controller, '_trials')",
        "trial.__class__ = Mine",
        "class Mine(Searcher):\n    def f(self): return self._metric",
        PATCH,
        HOOK,
    ],
)
def test_the_rule_sees(code):
    tree = ast.parse(code)
    assert [*touching(tree), *assigned_to_classes(tree), *never_called(tree)]
