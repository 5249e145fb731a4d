"""A copy of MLflow's database that outlives its machine.

    python -m automl_on_ray.tracking.store.backup --help

The head of a cluster keeps runs in a SQLite file on its own disk, which goes when the head does.
A copy in the bucket (or on NFS) lets a new head go on with them.

Beside the copy, and beside the database, is a stamp: one that the database does not know means that
another head has gone on with the copy.
"""

import sqlite3
import sys
import tempfile
import time
import uuid
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout
from pyarrow.fs import FileSystem, FileType

from automl_on_ray.search_spaces.core import (
    PART,
    Between,
    UserError,
    Version,
    fetch_file,
    read_bytes,
    send_file,
    version_of,
    write_bytes,
    written_whole,
)

STAMP = ".stamp"
SECONDS = Between(0, 86400, above=True)  # between two copies
BESIDE = ("", "-journal", "-wal", "-shm")  # what SQLite has beside a database

app = typer.Typer(add_completion=False)

Database = Annotated[Path, typer.Argument(help="MLflow's SQLite file on this machine.")]
Copy = Annotated[str, typer.Argument(help="Where its copy is: s3://bucket/key, or a path on NFS.")]


@app.command()
def restore(database: Database, copy: Copy) -> bool:
    """Fetch the copy, if there is one, unless the database here is the one that it was made of.

    A database that is here although another head has gone on since is put aside; so is the copy,
    where an older version's files do not say which is newer.

    Any error ends it with a traceback: a server that began anew would soon have its empty database
    copied over the good one.
    """
    store, path = FileSystem.from_uri(copy)
    if not _exists(store, path):
        return False
    database.parent.mkdir(parents=True, exist_ok=True)
    stamp = _read_stamp(store, path)
    if not database.exists():
        _fetch(database, store, path, stamp)
        return True
    if stamp is None:
        _keep_both(database, store, path)
    if stamp is None or stamp in _known(database):
        return False
    try:
        with FileLock(_lock_of(database), timeout=0):
            _fetch(database, store, path, stamp)
    except Timeout:
        raise OSError(
            f"Another head has saved {copy} since, but MLflow runs here on {database}: end it "
            "(workflows/stop_cluster.py), and try again."
        ) from None
    return True


@app.command()
def save(database: Database, copy: Copy) -> None:
    """Replace the copy by what the database holds now, also while a server writes to it.

    OSError if another head has gone on with the copy.
    """
    store, path = FileSystem.from_uri(copy)
    before, after = _read_stamp(store, path), uuid.uuid4().hex
    foreign = OSError(f"Another head goes on with {copy}, which is left as it is.")
    if before is not None and before not in _known(database) and _exists(store, path):
        raise foreign
    store.create_dir(path.rpartition("/")[0], recursive=True)
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "snapshot.db"
        with (
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(snapshot)) as target,
        ):
            source.backup(target)  # a plain copy of the file could catch a write half done
        send_file(snapshot, store, path + PART)
    if _read_stamp(store, path) != before:
        raise foreign
    _know(database, before, after)
    store.move(path + PART, path)
    _write_stamp(store, path, after)
    _know(database, after)


@app.command()
def keep(
    database: Database,
    copy: Copy,
    seconds: Annotated[
        float, SECONDS, typer.Option(envvar="AUTOML_BACKUP_SECONDS", help="Between two copies.")
    ] = 120,
) -> None:
    """Save it whenever it has changed, for ever; a second such process ends at once."""
    try:
        SECONDS.check("--seconds (or AUTOML_BACKUP_SECONDS)", seconds)
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    database.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(_lock_of(database), timeout=0):
            saved = None
            while True:
                saved = _save_if_changed(database, copy, saved)
                time.sleep(seconds)
    except Timeout:
        return


def _fetch(database: Path, store: FileSystem, path: str, stamp: str | None) -> None:
    """What is here is put aside. From now on no other head is to save over the copy."""
    mine = uuid.uuid4().hex
    with written_whole(database) as part:
        fetch_file(store, path, part)
        with closing(sqlite3.connect(part)) as opened:
            verdict = opened.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise OSError(f"The copy {path} is damaged: {verdict}")
        old = _put_aside(database)
        if old.exists():
            print(f"Another head has saved {path} since: it is used; what was here is {old}.")
        _know(database, stamp, mine)
    _write_stamp(store, path, mine)
    _know(database, mine)


def _put_aside(database: Path) -> Path:
    """Where it is then, with all that SQLite has beside it."""
    old = f"{database.name}-{datetime.now():%Y%m%d-%H%M%S-%f}"
    for end in BESIDE:
        file = database.with_name(database.name + end)
        if file.exists():
            file.rename(database.with_name(old + end))
    return database.with_name(old)


def _keep_both(database: Path, store: FileSystem, path: str) -> None:
    """The database here goes on; the copy, which may be another's, stays under another name."""
    old = f"{path}-{datetime.now():%Y%m%d-%H%M%S-%f}"
    store.copy_file(path, old)
    print(f"{path} does not say whose copy it is: {database} is used; the copy is kept as {old}.")
    mine = uuid.uuid4().hex
    _know(database, mine)
    _write_stamp(store, path, mine)


def _exists(store: FileSystem, path: str) -> bool:
    return bool(store.get_file_info(path).type != FileType.NotFound)


def _read_stamp(store: FileSystem, path: str) -> str | None:
    stamp = read_bytes(store, path + STAMP)
    return None if stamp is None else stamp.decode()


def _write_stamp(store: FileSystem, path: str, stamp: str) -> None:
    write_bytes(store, path + STAMP, stamp.encode())


def _known(database: Path) -> list[str]:
    """Stamps that mean that the copy was made of this database."""
    file = database.with_name(database.name + STAMP)
    return file.read_text().split() if file.exists() else []


def _know(database: Path, *stamps: str | None) -> None:
    """Only these. Two while one is written: it may end at any moment."""
    file = database.with_name(database.name + STAMP)
    with written_whole(file) as part:
        part.write_text("\n".join(stamp for stamp in stamps if stamp))


def _lock_of(database: Path) -> Path:
    """Held while the copy is kept, and so while a server may run."""
    return database.with_name(database.name + ".backup.lock")


_Seen = list[Version]


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
    """Versions of its files; SQLite writes new entries beside the main one at first."""
    files = (database, database.with_name(database.name + "-wal"))
    return [version_of(file) for file in files if file.exists()]


if __name__ == "__main__":
    app()
