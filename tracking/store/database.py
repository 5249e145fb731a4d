"""MLflow's database in a SQLite file: its address, what it must be, and its artifacts beside it."""

import functools
import shlex
import sqlite3
import sys
from contextlib import closing, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from automl_on_ray.search_spaces.core import UserError

ARTIFACTS = "mlflow-artifacts"  # the folder beside the database
ODD = frozenset("%?#")  # mean something else in a URI
# Where MLflow keeps addresses of artifacts: tables and their columns.
_ADDRESSES = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}


def database_uri(path: Path) -> str:
    """The address of a SQLite file, at an absolute path, whatever characters are in it."""
    text = str(path)
    if not ODD & set(text):
        return f"sqlite:///{text}"
    # With the driver's name, or MLflow makes a folder that is called as the quoted path.
    return f"sqlite+pysqlite:///{quote(text)}"


def database_path(uri: str) -> Path | None:
    """The file of a SQLite store, else None."""
    if not uri.startswith("sqlite"):
        return None
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        database = make_url(uri).database
    except ArgumentError:
        return None
    return Path(database) if database else None


def artifact_root(database: Path) -> str:
    """Where MLflow is to keep the files of runs: beside the database."""
    folder = database.parent / ARTIFACTS
    return folder.as_uri() if ODD & set(str(folder)) else str(folder)


def check_database(uri: str) -> None:
    """UserError if MLflow cannot store runs there. Nothing is made."""
    path = database_path(uri)
    if path is None or not path.is_absolute():
        raise UserError(f"Write the tracking store {uri!r} as sqlite:////absolute/path/mlflow.db.")
    existed = path.exists()
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=2)) as database:
            database.execute("PRAGMA schema_version").fetchone()
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"The tracking database {path} cannot be written to ({error}); "
            "choose another --storage or --tracking-uri."
        ) from error
    finally:
        if not existed and path.is_file() and not path.stat().st_size:
            path.unlink()  # a check leaves nothing behind
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
    if existed:
        check_version(uri, path)


def check_version(uri: str, path: Path) -> None:
    """UserError if this MLflow cannot use the database, or would upgrade it without a word."""
    try:
        with closing(_read_only(path)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            found = database.execute("SELECT * FROM alembic_version").fetchone() if (
                "alembic_version" in tables
            ) else None  # fmt: skip
    except sqlite3.Error as error:
        raise UserError(f"The tracking database {path} cannot be read ({error}).") from error
    if not tables:  # nothing yet
        return
    if found is None:
        raise UserError(f"{path} is a database, but not MLflow's; choose another --tracking-uri.")
    newest, known = _versions()
    if found[0] == newest:
        return
    if found[0] not in known:
        raise UserError(
            f"The tracking database {path} is of a newer MLflow than the one installed here "
            f"(its version is {found[0]}); install that MLflow, or choose another --tracking-uri."
        )
    command = shlex.join([sys.executable, "-m", "mlflow", "db", "upgrade", uri])
    raise UserError(
        f"The tracking database {path} is of an older MLflow; keep a copy of it, then upgrade it: "
        f"{command}"
    )


@functools.cache  # dozens of scripts are run for it
def _versions() -> tuple[str | None, set[str]]:
    """Of databases: the one of the MLflow that is installed, and all that it can upgrade."""
    from alembic.script import ScriptDirectory

    found = find_spec("mlflow")
    assert found is not None
    assert found.submodule_search_locations is not None
    folder = Path(found.submodule_search_locations[0]) / "store" / "db_migrations"
    scripts = ScriptDirectory(str(folder))
    return scripts.get_current_head(), {script.revision for script in scripts.walk_revisions()}


def bring_artifacts_along(database: Path) -> None:
    """Let runs and models find their files again after the folder was moved or copied.

    MLflow keeps absolute addresses. Those that lead to a folder like the one beside the database,
    but elsewhere, are rewritten, all or none.
    """
    here = artifact_root(database)
    if not (database.parent / ARTIFACTS).is_dir():
        return
    with closing(_read_only(database)) as opened:
        found = opened.execute("SELECT DISTINCT artifact_location FROM experiments").fetchall()
    roots = [root for (root,) in found if root and _is_local(root) and root != here]
    moved = [root for root in roots if root.endswith(f"/{ARTIFACTS}")]
    if not moved:
        return
    with closing(sqlite3.connect(database, timeout=20)) as opened, opened:
        for root in moved:
            _rewrite(opened, root, here)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=20)


def _is_local(address: str) -> bool:
    return address.startswith(("/", "file:"))


def _rewrite(opened: sqlite3.Connection, root: str, here: str) -> None:
    for table, columns in _ADDRESSES.items():
        for column in columns:
            opened.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (here, len(root) + 1, root, len(root) + 1, f"{root}/"),
            )
