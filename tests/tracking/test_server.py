import http.server
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from search_spaces._errors import UserError
from tracking._check import check_tracking
from tracking._server import connect, default_uri, study_links
from tracking.callback import TrackingCallback


def test_a_new_database_can_be_made_and_the_check_leaves_nothing(tmp_path):
    check_tracking(default_uri(tmp_path))
    assert not list(tmp_path.iterdir())


def has_secrets(file):
    """A table that a later one of MLflow's migrations makes, and makes but once."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=0)) as database:
            return database.execute("SELECT * FROM sqlite_master WHERE name = 'secrets'").fetchone()
    except sqlite3.Error:
        return False


def test_a_process_killed_while_it_makes_the_database_is_in_nobodys_way(tmp_path):
    """MLflow cannot open again what it had half made."""
    code = f"from tracking._server import connect; connect({default_uri(tmp_path)!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 60
    while not any(map(has_secrets, tmp_path.glob("mlflow.db*"))):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert [e.name for e in connect(default_uri(tmp_path)).search_experiments()] == ["Default"]


def test_a_database_in_use_passes(uri):
    check_tracking(uri)


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sqlite:////proc/nowhere/mlflow.db", "cannot be written to"),
        ("sqlite:///relative.db", "absolute"),
        ("http://127.0.0.1:1", "does not answer"),
        ("http://no-such-host.invalid:5000", "does not answer"),
        ("carrier-pigeon://loft", "neither a server"),
    ],
)
def test_a_store_that_cannot_be_used_is_refused_in_one_line_and_soon(uri, words):
    began = time.monotonic()
    with pytest.raises(UserError, match=words) as told:
        check_tracking(uri)
    assert time.monotonic() - began < 6
    assert "\n" not in str(told.value)


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *arguments):
        pass


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_a_server_that_is_starting_on_this_machine_is_waited_for(capsys):
    port, servers = free_port(), []

    def start():
        time.sleep(1)
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", port), Healthy))
        servers[0].serve_forever()

    threading.Thread(target=start, daemon=True).start()
    with pytest.raises(UserError, match="refused"):
        check_tracking(f"http://127.0.0.1:{port}")
    check_tracking(f"http://127.0.0.1:{port}", patience=30)
    servers[0].shutdown()
    servers[0].server_close()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"Waiting up to 30 s for MLflow at http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("uri", "patience"), [("http://127.0.0.1:1", 1), ("http://no-such-host.invalid:5000", 60)]
)
def test_a_server_that_does_not_start_is_refused_and_one_elsewhere_is_not_waited_for(uri, patience):
    began = time.monotonic()
    with pytest.raises(UserError, match="does not answer"):
        check_tracking(uri, patience=patience)
    assert time.monotonic() - began < 8


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    (tmp_path / "mlflow.db").write_text("a letter, no database, but longer than a header " * 50)
    before = (tmp_path / "mlflow.db").read_bytes()
    with pytest.raises(UserError, match="cannot be written to"):
        check_tracking(default_uri(tmp_path))
    assert (tmp_path / "mlflow.db").read_bytes() == before


def test_a_server_that_accepts_and_says_nothing_is_refused_soon():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(UserError, match="timed out"):
            check_tracking(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - began < 6


def test_a_server_of_something_else_is_refused():
    class Other(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with pytest.raises(UserError, match="not as an MLflow server"):
            check_tracking(f"http://127.0.0.1:{other.server_port}")
        other.shutdown()


def test_links_name_every_study_of_a_store(uri, tmp_path, make_study):
    for number in (1, 2):
        study = make_study(name=f"study {number}", study_id=f"id-{number}")
        callback = TrackingCallback(
            uri=uri, experiment="test", study=study, folder=tmp_path / str(number)
        )
        assert callback.study_end("completed")
    links = study_links(uri, "http://host:1")
    assert set(links) == {"study 1", "study 2"}
    assert all(link.startswith("http://host:1/#/experiments/") for link in links.values())


def test_a_database_that_another_process_has_locked_is_named(template, tmp_path):
    import sqlite3

    shutil.copy(template, tmp_path / "mlflow.db")
    with sqlite3.connect(tmp_path / "mlflow.db") as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserError, match="locked"):
            check_tracking(default_uri(tmp_path))
        holder.rollback()
