"""From a word on the command line to a module: a public module of a room is a choice."""

import difflib
import importlib
import pkgutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from automl_on_ray.search_spaces._errors import UserError

PACKAGE = __name__.partition(".")[0]


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
    known = choices(room)
    module = known.get(name.replace("_", "-"))
    if module is None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UserError(
            f"Unknown {kind} {name!r}.{hint} There are: {', '.join(known)}. "
            f"To add one, put a file into {room.replace('.', '/')}/."
        )
    return importlib.import_module(module)


def load_object(path: str, *, kind: str) -> Any:
    """The object that `package.module:NAME` names, looked for beside the user's files too.

    These are in the current folder, or in the repository's root where that is another: `ray submit`
    runs a workflow in the head's home.
    """
    module_name, _, attribute = path.partition(":")
    root = Path(__file__).resolve().parents[1]
    for folder in (Path.cwd(), *([root] if (root / "pyproject.toml").exists() else [])):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UserError(
            f"The {kind} {path!r} cannot be imported: {error}. "
            "Write it as package.module:NAME, importable from this folder or the repository's root."
        ) from error
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"Importing the {kind} {path!r} failed: {error!r}") from error
    if not hasattr(module, attribute):
        raise UserError(f"The module {module_name!r} of {kind} {path!r} has no {attribute!r}.")
    return getattr(module, attribute)
