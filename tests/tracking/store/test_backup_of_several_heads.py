"""Heads of one cluster, one after another or at once, and one copy of the database."""

import shutil
import subprocess
import sys

import pytest
from backed_up import add, rows
from filelock import FileLock
from pyarrow.fs import FileSelector, FileSystem

from automl_on_ray.tracking.store import backup
from automl_on_ray.tracking.store.backup import restore, save


def aside(database):
    """What was put aside, but for its stamp."""
    return [file for file in database.parent.iterdir() if file.name.startswith("mlflow.db-")]


def forget(*files):
    """As a version without stamps left it."""
    for file in files:
        file.with_name(file.name + ".stamp").unlink()


def test_an_old_head_that_comes_back_takes_what_a_later_one_saved(database, copy, tmp_path, capsys):
    later = tmp_path / "later" / "mlflow.db"
    save(database, copy)
    add(database, "unsaved")
    assert restore(later, copy)
    add(later, "second")
    save(later, copy)
    capsys.readouterr()
    assert restore(database, copy)
    assert rows(database) == ["first", "second"]
    (old,) = aside(database)
    assert rows(old) == ["first", "unsaved"]
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert str(old) in said
    add(database, "third")
    save(database, copy)
    assert restore(tmp_path / "next.db", copy)
    assert rows(tmp_path / "next.db") == ["first", "second", "third"]


def test_a_head_that_is_cut_off_does_not_save_over_a_later_one(database, copy, tmp_path):
    later = tmp_path / "later" / "mlflow.db"
    save(database, copy)
    assert restore(later, copy)
    add(database, "cut off")
    with pytest.raises(OSError, match="Another head"):
        save(database, copy)
    add(later, "second")
    save(later, copy)
    assert restore(tmp_path / "next.db", copy)
    assert rows(tmp_path / "next.db") == ["first", "second"]


def test_a_head_that_fetches_while_another_one_saves_is_not_saved_over(
    database, copy, tmp_path, monkeypatch
):
    save(database, copy)
    later, whole = tmp_path / "later.db", shutil.copyfileobj

    def fetched_meanwhile(*arguments):
        patch.undo()
        whole(*arguments)
        assert restore(later, copy)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", fetched_meanwhile)
        with pytest.raises(OSError, match="Another head"):
            save(database, copy)
    save(later, copy)


def test_a_database_is_not_taken_away_under_a_server(database, copy, tmp_path):
    save(database, copy)
    assert restore(tmp_path / "later.db", copy)
    with (
        FileLock(database.with_name("mlflow.db.backup.lock")),
        pytest.raises(OSError, match="end it"),
    ):
        restore(database, copy)
    assert rows(database) == ["first"]
    assert not aside(database)


def test_what_sqlite_has_beside_a_database_is_put_aside_with_it(database, copy, tmp_path):
    save(database, copy)
    assert restore(tmp_path / "later.db", copy)
    killed = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA journal_mode=WAL'); c.execute(\"INSERT INTO runs VALUES ('in wal')\");"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", killed, database], check=True)
    assert database.with_name("mlflow.db-wal").exists()
    assert restore(database, copy)
    assert rows(database) == ["first"]
    (old,) = (file for file in aside(database) if not file.name.endswith(("-wal", "-shm")))
    assert rows(old) == ["first", "in wal"]


def test_of_versions_without_stamps_the_database_that_is_there_goes_on_and_both_are_kept(
    database, copy, tmp_path, capsys
):
    later = tmp_path / "later" / "mlflow.db"
    save(database, copy)
    assert restore(later, copy)
    add(later, "only in the copy")
    save(later, copy)
    store, path = FileSystem.from_uri(copy)
    store.delete_file(f"{path}.stamp")
    forget(database)
    add(database, "only here")
    capsys.readouterr()
    assert not restore(database, copy)
    assert rows(database) == ["first", "only here"]
    names = [info.path for info in store.get_file_info(FileSelector(path.rpartition("/")[0]))]
    (kept,) = (name for name in names if name.startswith(f"{path}-"))
    assert kept in capsys.readouterr().out
    restored = tmp_path / "kept.db"
    with store.open_input_stream(kept) as stream:
        restored.write_bytes(stream.read())
    assert rows(restored) == ["first", "only in the copy"]
    save(database, copy)
    assert not restore(database, copy)  # it has a stamp now
    assert len(store.get_file_info(FileSelector(path.rpartition("/")[0]))) == 3


def test_a_database_that_was_never_saved_gives_way_to_one_that_was(database, copy, tmp_path):
    later = tmp_path / "later" / "mlflow.db"
    save(database, copy)
    assert restore(later, copy)
    forget(database)
    assert restore(database, copy)
    assert len(aside(database)) == 1


def test_a_database_without_a_copy_stays_as_it_is(database, copy):
    assert not restore(database, copy)
    assert rows(database) == ["first"]
    assert sorted(file.name for file in database.parent.iterdir()) == ["mlflow.db"]


@pytest.mark.parametrize("moment", ["moved", "stamped"])
def test_a_save_that_is_cut_short_is_ones_own(database, tmp_path, monkeypatch, moment):
    copy = str(tmp_path / "copy.db")
    save(database, copy)
    add(database, "second")
    write = backup._write_stamp

    def cut(*arguments):
        if moment == "stamped":
            write(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_write_stamp", cut)
    with pytest.raises(KeyboardInterrupt):
        save(database, copy)
    monkeypatch.undo()
    assert not restore(database, copy)
    assert rows(database) == ["first", "second"]
    save(database, copy)
