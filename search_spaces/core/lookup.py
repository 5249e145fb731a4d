"""Finds the module or object that a word on the command line names."""

import functools
import hashlib
import importlib
import os
import pkgutil
import signal
import sys
import sysconfig
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from automl_on_ray.search_spaces.core.errors import UserError
from automl_on_ray.search_spaces.core.near_words import near_miss

PACKAGE = __name__.partition(".")[0]
_GIVEN: dict[str, Any] = {}  # by the path that stands for it: what a Python program has at hand


def choices(room: str) -> dict[str, str]:
    """Names that a user may type, and the module behind each. Nothing is imported but the room.

    A name is the file's: `fashion_mnist.py` is `fashion-mnist`; `random_search.py`, which may not
    carry the name of a standard module, is `random`.
    """
    package = importlib.import_module(f"{PACKAGE}.{room}")
    stems = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.ispkg)
    return {
        stem.removesuffix("_search").replace("_", "-"): f"{package.__name__}.{stem}"
        for stem in stems
        if not stem.startswith("_")
    }


def find(room: str, name: str, *, kind: str) -> ModuleType:
    """The module of `room` that `name` chooses; UserError with the list if there is none."""
    return importlib.import_module(module_of(room, name, kind=kind))


def module_of(room: str, name: str, *, kind: str) -> str:
    """The same, but not imported: what it is called."""
    known = choices(room)
    module = known.get(name.replace("_", "-"))
    if module is None:
        raise UserError(
            f"Unknown {kind} {name!r}.{near_miss(name, known)} There are: {', '.join(known)}. "
            f"To add one, put a file into {room.replace('.', '/')}/."
        )
    return module


def give(thing: Any, name: str = "") -> str:
    """A path by which `load_object` finds this object of the program that runs.

    For a function or class it is the one that a command would be given. Two lambdas, or partials of
    one function, have paths of their own.
    """
    inner, differs = thing, []
    while isinstance(inner, functools.partial):
        differs.append(repr((inner.args, sorted(inner.keywords.items()))))
        inner = inner.func
    own = name or getattr(inner, "__qualname__", None) or type(inner).__qualname__
    if code := getattr(inner, "__code__", None) if "<lambda>" in own else None:
        scalars = [each for each in code.co_consts if isinstance(each, str | int | float)]
        differs.append(repr((code.co_code, code.co_names, scalars)))
    if differs:
        own += f"-{hashlib.sha256(''.join(differs).encode()).hexdigest()[:8]}"
    path = f"{getattr(inner, '__module__', None) or '__main__'}:{own}"
    _GIVEN[path] = thing
    return path


def load_object(path: str, *, kind: str) -> Any:
    """The object that `package.module:NAME` names, looked for beside the user's files too.

    These are in the current folder, or in the repository's root where that is another: `ray submit`
    runs a workflow in the head's home. UserError, in one line, whatever the module does.
    """
    if path in _GIVEN:
        return _GIVEN[path]
    name, _, attribute = path.partition(":")
    what = f"The {kind} {path!r}"
    parts = name.split(".")
    if "/" in name or not all(parts) or Path(name).is_file() or not attribute.isidentifier():
        raise UserError(f"{what} is not written as package.module:NAME{_as_a_module(path)}.")
    folders = _users_folders()
    sys.path += [folder for folder in folders if folder not in sys.path]
    pressed: list[int] = []
    try:
        with _elsewhere(name, pressed):
            module = importlib.import_module(name)
            if hasattr(module, attribute):
                return getattr(module, attribute)
    except UserError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if not f"{name}.".startswith(f"{missing}."):
            raise UserError(f"{what} needs {missing!r}, which is not installed.") from error
        raise UserError(
            f"{what} cannot be imported: {error}{_hidden(name, folders)}. "
            "Write it as package.module:NAME, importable from this folder or the repository's root."
        ) from error
    except BaseException as error:
        if pressed:
            raise KeyboardInterrupt from None
        raise UserError(f"{what}: importing {name!r} failed: {_told(error)}") from error
    raise UserError(f"{what}: module {name!r} has no {attribute!r}{_hidden(name, folders)}.")


def _users_folders() -> list[str]:
    # The repository's root is two above this folder, or three where a copy has no links.
    near = Path(__file__).resolve().parents[2:4]
    roots = [str(folder) for folder in near if (folder / "pyproject.toml").exists()]
    return [str(Path.cwd()), *roots]


def _as_a_module(path: str) -> str:
    """What to write for `folder/mine.py:NAME`; empty for what is no such path."""
    file, _, attribute = path.partition(":")
    if not file.endswith(".py"):
        return ""
    place = Path(file)
    with suppress(ValueError):
        place = place.relative_to(Path.cwd())
    module = ".".join(place.with_suffix("").parts)
    return f": write {module}:{attribute or 'NAME'}"


def _hidden(name: str, folders: Sequence[str]) -> str:
    """Where the user's own file is, if another module of its name was found instead of it."""
    first = name.partition(".")[0]
    found = sys.modules.get(first)
    origin = getattr(found, "__file__", None) or (list(getattr(found, "__path__", [])) or [""])[0]
    for folder in folders:
        for own in (Path(folder, f"{first}.py"), Path(folder, first, "__init__.py")):
            if found is not None and own.exists() and str(own) != origin:
                return f", as {first!r} is {origin or 'a part of Python'} and not {own}: rename it"
    return ""


def _told(error: BaseException) -> str:
    """An error of a user's module in one line, with the place where it arose."""
    if isinstance(error, SystemExit):
        said = "it ended the program (it may parse a command line: do so only under __main__)"
    else:
        said = f"{type(error).__name__}: {getattr(error, 'msg', None) or error}".rstrip(": ")
    if isinstance(error, SyntaxError):
        return f"{said} ({error.filename}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if not _is_librarys(each.filename)]
    return f"{said} ({own[-1].filename}, line {own[-1].lineno})" if own else said


def _is_librarys(file: str) -> bool:
    """Python's own, an installed one's or this module: where a user has nothing to mend."""
    own = (sysconfig.get_path("stdlib"), __file__, "<frozen")
    return "site-packages" in file or file.startswith(own)


@contextmanager
def _elsewhere(module: str, pressed: list[int]) -> Iterator[None]:
    """Import a user's module as a worker will: without this program's command line.

    What it may change for all of the program is put back: folder, words, Ctrl-C. What it prints
    appears once it is there. A Ctrl-C of the user's own is noted in `pressed`.
    """

    def press(number: int, frame: Any) -> None:
        pressed.append(number)
        raise KeyboardInterrupt

    folder, words = os.getcwd(), sys.argv
    here = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, press) if here else None
    # A word that no parser knows: one that runs when it is imported would not run in a worker.
    sys.argv = [module, "--imported-not-run"]
    try:
        with _held_back():
            yield
    finally:
        sys.argv = words
        os.chdir(folder)
        if before is not None:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _held_back() -> Iterator[None]:
    """Show what is printed within it when it has ended; nothing of it after an error.

    By the system's numbers of the streams: a logger that is set up meanwhile must keep the objects.
    """
    streams = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.flush()
    kept = [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as printed:
        for number in (1, 2):
            os.dup2(printed.fileno(), number)
        try:
            yield
        finally:
            for stream in streams:
                stream.flush()
            for number, own in zip((1, 2), kept, strict=True):
                os.dup2(own, number)
                os.close(own)
        printed.seek(0)
        os.write(2, printed.read())
