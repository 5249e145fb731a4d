"""How the house is kept: what one room may import of another, and how full a folder may be."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "automl_on_ray"
ROOMS = sorted(path.name for path in (ROOT / PACKAGE).iterdir() if path.is_symlink())
# A public module there is a choice on the command line or a command, so anybody may import it.
CHOICES = {"search_spaces", "searchers", "schedulers", "trainables", "trainables.datasets",
           "workflows"}  # fmt: skip
MAX_FILES, MAX_PARAMETERS = 15, 8

PACKAGES = [
    ".".join(path.parent.relative_to(ROOT).parts)
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("__init__.py"))
]


def imported(file: Path) -> list[tuple[str, str]]:
    """Modules of ours that a file imports from, by their names in the package, and what."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [(node.module or "", alias.name) for alias in node.names]
    start = f"{PACKAGE}."
    return [(m.removeprefix(start), name) for m, name in found if m.startswith(start)]


def exported(package: str) -> set[str]:
    return set(getattr(importlib.import_module(f"{PACKAGE}.{package}"), "__all__", ()))


def is_open(module: str, name: str, mine: str) -> bool:
    """Whether code of the package `mine` ("" outside of ours) may take `name` from `module`."""
    package, _, leaf = module.rpartition(".")
    if f"{module}.{name}" in PACKAGES:  # a room itself, whose names are then taken from it
        return True
    if module in PACKAGES:
        choice = (ROOT / module.replace(".", "/") / f"{name}.py").exists() and name[0] != "_"
        inside = f"{mine}.".startswith(f"{module}.")
        return inside or name in exported(module) or (module in CHOICES and choice)
    if f"{mine}.".startswith(f"{package}."):
        return not name.startswith("_")
    return package in CHOICES and not leaf.startswith("_") and not name.startswith("_")


@pytest.mark.parametrize("room", [*ROOMS, "docs"])
def test_a_room_imports_of_another_only_what_that_exports(room):
    wrong = [
        f"{file.relative_to(ROOT)}: {name} from {module}"
        for file in sorted((ROOT / room).rglob("*.py"))
        for module, name in imported(file)
        if not is_open(
            module, name, ".".join(file.parent.relative_to(ROOT).parts) if room in ROOMS else ""
        )
    ]
    assert not wrong


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_room_exports_is_there_and_no_modules_name(package):
    room = importlib.import_module(f"{PACKAGE}.{package}")
    folder = ROOT / package.replace(".", "/")
    for name in exported(package):
        module = (folder / f"{name}.py").exists()
        assert hasattr(room, name)
        assert module == (getattr(room, name).__class__.__name__ == "module")


@pytest.mark.parametrize("top", [*ROOMS, "tests", "docs", "benchmarks"])
def test_no_folder_has_more_files_than_a_person_takes_in(top):
    folders = [ROOT / top, *(path for path in (ROOT / top).rglob("*") if path.is_dir())]
    full = {
        str(folder.relative_to(ROOT)): count
        for folder in folders
        if folder.name != "__pycache__"
        and (count := sum(path.is_file() for path in folder.iterdir())) > MAX_FILES
    }
    assert not full


@pytest.mark.parametrize("room", ROOMS)
def test_no_function_has_more_parameters_than_a_person_keeps_in_mind(room):
    many = [
        f"{file.relative_to(ROOT)}:{node.lineno}: {len(names)} parameters"
        for file in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        and len(names := parameters(node.args)) > MAX_PARAMETERS
    ]
    assert not many


def parameters(arguments: ast.arguments) -> list[str]:
    """By name, but for the object or class itself; those taken by stars are one each."""
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs]
    names = [each.arg for each in (*every, arguments.kwarg) if each is not None]
    return names[names[:1] in (["self"], ["cls"]) :]


@pytest.mark.parametrize("room", ["studies", "tracking", "clusters", "command_line", "workflows"])
def test_no_room_asks_whether_a_trainable_is_the_image_classifier(room):
    """What it takes, tests and stores, a trainable declares, so that one's own may too."""
    asked = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call | ast.Compare) and "ImageClassifier" in ast.unparse(node)
    ]
    assert not asked
