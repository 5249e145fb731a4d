"""A copy of MLflow's database that outlives its machine: python -m tracking._backup --help

The head of a cluster keeps runs in a SQLite file on its own disk, which goes when the head does.
A copy in the bucket (or on NFS) lets a new head go on with them.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout
from pyarrow.fs import FileSystem, FileType

app = typer.Typer(add_completion=False)

Database = Annotated[Path, typer.Argument(help="MLflow's SQLite file on this machine.")]
Copy = Annotated[str, typer.Argument(help="Where its copy is: s3://bucket/key, or a path on NFS.")]


@app.command()
def restore(database: Database, copy: Copy) -> bool:
    """Fetch the copy, unless there is a database here, or no copy yet.

    Any error ends it with a traceback: a server that began anew would soon have its empty database
    copied over the good one.
    """
    if database.exists():
        return False
    store, path = FileSystem.from_uri(copy)
    if store.get_file_info(path).type == FileType.NotFound:
        return False
    database.parent.mkdir(parents=True, exist_ok=True)
    part = database.with_name(database.name + ".part")
    with store.open_input_stream(path) as source, part.open("wb") as target:
        shutil.copyfileobj(source, target)
    with closing(sqlite3.connect(part)) as opened:
        verdict = opened.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        raise OSError(f"The copy {copy} is damaged: {verdict}")
    os.replace(part, database)
    return True


@app.command()
def save(database: Database, copy: Copy) -> None:
    """Replace the copy by what the database holds now, also while a server writes to it."""
    store, path = FileSystem.from_uri(copy)
    store.create_dir(path.rpartition("/")[0], recursive=True)
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "snapshot.db"
        with (
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(snapshot)) as target,
        ):
            source.backup(target)  # a plain copy of the file could catch a write half done
        with snapshot.open("rb") as read, store.open_output_stream(f"{path}.part") as written:
            shutil.copyfileobj(read, written)
    store.move(f"{path}.part", path)


@app.command()
def keep(
    database: Database,
    copy: Copy,
    seconds: Annotated[
        float, typer.Option(envvar="AUTOML_BACKUP_SECONDS", help="Between two copies.")
    ] = 120,
) -> None:
    """Save it whenever it has changed, for ever; a second such process ends at once."""
    database.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(database.with_name(database.name + ".backup.lock"), timeout=0):
            saved = None
            while True:
                saved = _save_if_changed(database, copy, saved)
                time.sleep(seconds)
    except Timeout:
        return


_Seen = list[tuple[int, int]]


def _save_if_changed(database: Path, copy: str, saved: _Seen | None) -> _Seen | None:
    """What of the database the copy holds. An error is told, and the next round tries again."""
    now = _seen(database)
    if not now or now == saved:
        return saved
    try:
        save(database, copy)
    except (OSError, sqlite3.Error) as error:
        print(f"{time.strftime('%F %T')} not saved: {error}", flush=True)
        return saved
    return now


def _seen(database: Path) -> _Seen:
    """Sizes and times of its files; SQLite writes new entries beside the main one at first."""
    files = (database, database.with_name(database.name + "-wal"))
    return [(file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists()]


if __name__ == "__main__":
    app()
