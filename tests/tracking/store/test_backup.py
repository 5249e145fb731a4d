"""A head's database goes on on the next head."""

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from backed_up import rows
from filelock import FileLock

from automl_on_ray.tracking.store.backup import _save_if_changed, keep, restore, save
from tests.helpers.waiting import wait_until


def test_a_new_head_has_what_was_saved(database, copy, tmp_path):
    save(database, copy)
    fresh = tmp_path / "next" / "mlflow.db"
    assert restore(fresh, copy)
    assert rows(fresh) == ["first"]


def test_the_copy_is_replaced(database, copy, tmp_path):
    save(database, copy)
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO runs VALUES ('second')")
    save(database, copy)
    assert restore(tmp_path / "next.db", copy)
    assert rows(tmp_path / "next.db") == ["first", "second"]


def test_the_first_head_of_all_begins_with_nothing(copy, tmp_path):
    assert not restore(tmp_path / "next.db", copy)
    assert not (tmp_path / "next.db").exists()


def test_a_database_that_is_there_is_left_alone(database, tmp_path):
    save(database, str(tmp_path / "copy.db"))
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO runs VALUES ('second')")
    assert not restore(database, str(tmp_path / "copy.db"))
    assert rows(database) == ["first", "second"]


class Forbidding(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(403)
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815


def test_a_bucket_that_may_not_be_read_is_an_error_not_an_empty_beginning(
    bucket, monkeypatch, tmp_path
):
    with ThreadingHTTPServer(("127.0.0.1", 0), Forbidding) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(OSError, match="ACCESS_DENIED"):
            restore(tmp_path / "next.db", "s3://studies/mlflow/mlflow.db")
        server.shutdown()


def test_a_damaged_copy_is_not_taken(tmp_path, database):
    copy = tmp_path / "copy.db"
    save(database, str(copy))
    torn = bytearray(copy.read_bytes())
    torn[4096:] = b"\xff" * (len(torn) - 4096)
    copy.write_bytes(torn)
    with pytest.raises((OSError, sqlite3.DatabaseError)):
        restore(tmp_path / "next.db", str(copy))
    assert not (tmp_path / "next.db").exists()


def test_a_writer_in_the_middle_of_a_transaction_is_not_copied_half(database, tmp_path):
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("INSERT INTO runs VALUES ('second')")
        writer.execute("BEGIN")
        writer.execute("INSERT INTO runs VALUES ('half')")
        save(database, str(tmp_path / "copy.db"))
        writer.execute("ROLLBACK")
    assert rows(tmp_path / "copy.db") == ["first", "second"]


def test_what_has_not_changed_is_not_saved_again(database, tmp_path):
    copy = tmp_path / "copy.db"
    seen = _save_if_changed(database, str(copy), None)
    copy.unlink()
    assert _save_if_changed(database, str(copy), seen) == seen
    assert not copy.exists()
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO runs VALUES ('second')")
    assert _save_if_changed(database, str(copy), seen) != seen
    assert rows(copy) == ["first", "second"]


def test_what_could_not_be_saved_is_tried_again(database, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert _save_if_changed(database, str(tmp_path / "file" / "copy.db"), None) is None
    assert "not saved" in capsys.readouterr().out
    assert _save_if_changed(database, str(tmp_path / "copy.db"), None) is not None


def test_a_second_keeper_ends_at_once(database, tmp_path):
    with FileLock(database.with_name("mlflow.db.backup.lock")):
        second = threading.Thread(
            target=keep, args=(database, str(tmp_path / "copy.db"), 60), daemon=True
        )
        second.start()
        second.join(timeout=10)
    assert not second.is_alive()
    assert not (tmp_path / "copy.db").exists()


def test_the_command_of_the_head_keeps_a_copy(database, tmp_path):
    copy = tmp_path / "copy.db"
    kept = subprocess.Popen(
        [sys.executable, "-m", "automl_on_ray.tracking.store.backup", "keep", database, copy],
        cwd=Path(__file__).parents[3], env={**os.environ, "AUTOML_BACKUP_SECONDS": "0.2"},
    )  # fmt: skip
    try:
        wait_until(copy.exists, process=kept)
        with closing(sqlite3.connect(database)) as opened, opened:
            opened.execute("INSERT INTO runs VALUES ('second')")
        wait_until(lambda: rows(copy) != ["first"], process=kept)
    finally:
        kept.kill()
        kept.wait()
    assert rows(copy) == ["first", "second"]
