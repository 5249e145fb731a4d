import http.server
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest
from secured import Door, make_certificate
from tracking_checks import stored_runs

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.store import (
    check_tracking,
    connect,
    default_uri,
    stored_uri,
    study_links,
)
from tests.helpers.waiting import free_port, wait_until


def test_a_new_database_can_be_made_and_the_check_leaves_nothing(tmp_path):
    check_tracking(default_uri(tmp_path / "new" / "runs"))
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
    module = "automl_on_ray.tracking.store.server"
    code = f"from {module} import connect; connect({default_uri(tmp_path)!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    wait_until(
        lambda: any(map(has_secrets, tmp_path.glob("mlflow.db*"))), process=process, pause=0.001
    )
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
def test_a_store_that_cannot_be_used_is_refused_in_one_line(uri, words):
    with pytest.raises(UserError, match=words) as told:
        check_tracking(uri)
    assert "\n" not in str(told.value)


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"experiments": []}')

    do_POST = do_GET  # noqa: N815  (http.server's name)

    def log_message(self, *arguments):
        pass


class Clock:
    """What `check_tracking` waits by: time passes when it sleeps, and something may happen then."""

    now, then = 0.0, None

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        if self.then is not None:
            self.then()


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr("automl_on_ray.tracking.store.store_check.time", found)
    return found


def test_a_server_that_is_starting_on_this_machine_is_waited_for(capsys, clock):
    port, servers = free_port(), []

    def start():
        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", port), Healthy))
        threading.Thread(target=servers[0].serve_forever, daemon=True).start()

    clock.then = start
    with pytest.raises(UserError, match="refused"):
        check_tracking(f"http://127.0.0.1:{port}")
    check_tracking(f"http://127.0.0.1:{port}", patience=30)
    servers[0].shutdown()
    servers[0].server_close()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"Waiting up to 30 s for MLflow at http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("uri", "waits"), [("http://127.0.0.1:1", 60), ("http://no-such-host.invalid:5000", 0)]
)
def test_a_server_that_does_not_start_is_refused_and_one_elsewhere_is_not_waited_for(
    uri, waits, clock
):
    with pytest.raises(UserError, match="does not answer"):
        check_tracking(uri, patience=60)
    assert clock.now == waits


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    (tmp_path / "mlflow.db").write_text("a letter, no database, but longer than a header " * 50)
    before = (tmp_path / "mlflow.db").read_bytes()
    with pytest.raises(UserError, match="cannot be written to"):
        check_tracking(default_uri(tmp_path))
    assert (tmp_path / "mlflow.db").read_bytes() == before


def test_a_server_that_accepts_and_says_nothing_is_asked_once(monkeypatch):
    monkeypatch.setattr("automl_on_ray.tracking.store.store_check.SECONDS", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(UserError, match="timed out"):
            check_tracking(f"http://127.0.0.1:{silent.getsockname()[1]}")
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


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


@pytest.mark.whole
def test_a_server_behind_token_and_certificate_is_used_as_mlflows_client_would(
    server, tmp_path, make_study, monkeypatch
):
    certificate, key = make_certificate(tmp_path)
    door = Door(server.uri, word="Bearer of-mine", certificate=certificate, key=key)
    with pytest.raises(UserError, match="MLFLOW_TRACKING_SERVER_CERT_PATH"):
        check_tracking(door.uri, "test")
    with pytest.raises(UserError, match="https://"):
        check_tracking(door.uri.replace("https", "http"), "test")
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(certificate))
    with pytest.raises(UserError, match="401"):
        check_tracking(door.uri, "test")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "of-mine")
    check_tracking(door.uri, "test")
    tracker = TrackingCallback(
        uri=door.uri, experiment="test", study=make_study(), folder=tmp_path / "journal"
    )
    assert tracker.study_end("completed")
    monkeypatch.delenv("MLFLOW_TRACKING_SERVER_CERT_PATH")
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    check_tracking(door.uri, "test")

    user = Door(server.uri, word="Basic " + b64encode(b"me:secret").decode())
    with pytest.raises(UserError, match="401"):
        check_tracking(user.uri, "test")
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    check_tracking(user.uri, "test")
    with pytest.raises(UserError, match="does not speak TLS"):
        check_tracking(user.uri.replace("http", "https"), "test")
    for one in (door, user):
        one.shutdown()


@pytest.mark.whole
def test_mlflows_own_server_with_users_takes_a_study_of_one_and_refuses_others(
    guarded, tmp_path, make_study, monkeypatch
):
    with pytest.raises(UserError, match="401"):
        check_tracking(guarded.uri, "test")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another")
    with pytest.raises(UserError, match="401"):
        check_tracking(guarded.uri, "test")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret-of-mine")
    check_tracking(guarded.uri, "test")
    tracker = TrackingCallback(
        uri=guarded.uri, experiment="test", study=make_study(), folder=tmp_path / "journal"
    )
    assert tracker.study_end("completed")


def test_a_deleted_experiment_is_told_and_how_to_restore_it(uri):
    client = connect(uri)
    client.delete_experiment(client.create_experiment("mine"))
    with pytest.raises(
        UserError,
        match=r"deleted in MLflow.*MLFLOW_TRACKING_URI=sqlite.* restore --experiment-id 1",
    ):
        check_tracking(uri, "mine")
    check_tracking(uri, "another")


@pytest.mark.parametrize(
    ("version", "words"),
    [("451aebb31d03", "older MLflow.*mlflow db upgrade sqlite:"), ("f00d", "newer MLflow")],
)
def test_a_database_of_another_version_is_told_and_left_alone(uri, tmp_path, version, words):
    file = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    before = file.read_bytes()
    for look in (check_tracking, lambda uri: stored_uri(tmp_path)):
        with pytest.raises(UserError, match=words):
            look(uri)
    assert file.read_bytes() == before


def test_a_database_of_something_else_is_told_and_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.execute("CREATE TABLE letters (text TEXT)")
    with pytest.raises(UserError, match="not MLflow's"):
        check_tracking(default_uri(tmp_path))


@pytest.mark.parametrize("name", ["feature%2Fx", "runs?1", "a#b c", "50%"])
def test_any_folder_can_have_the_database_and_the_files_of_runs(
    name, template, tmp_path, make_study
):
    folder = tmp_path / name
    folder.mkdir()
    shutil.copy(template, folder)
    check_tracking(default_uri(folder), "test")
    tracker = TrackingCallback(
        uri=default_uri(folder), experiment="test", study=make_study(), folder=folder / "journal"
    )
    tracker.study_files({"notes/a.txt": "kept"})
    assert tracker.study_end("completed")
    assert stored_uri(folder) == default_uri(folder)
    run = stored_runs(default_uri(folder))[0]
    kept = connect(default_uri(folder)).download_artifacts(run.info.run_id, "notes/a.txt")
    assert Path(kept).read_text() == "kept"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_moved_folder_finds_the_files_of_its_runs(template, tmp_path, make_study):
    old, new = tmp_path / "old", tmp_path / "new?"
    old.mkdir()
    shutil.copy(template, old)
    tracker = TrackingCallback(
        uri=default_uri(old), experiment="test", study=make_study(), folder=old / "journal"
    )
    tracker.study_files({"a.txt": "kept"})
    assert tracker.study_end("completed")
    shutil.copytree(old, new)
    (old / "mlflow-artifacts").rename(tmp_path / "gone")
    client = connect(stored_uri(new))
    run = stored_runs(default_uri(new))[0]
    assert Path(client.download_artifacts(run.info.run_id, "a.txt")).read_text() == "kept"
    assert client.get_experiment(run.info.experiment_id).artifact_location.startswith("file://")


def test_the_newest_study_of_a_name_has_its_link(uri, tmp_path, make_study):
    for number in (1, 2):
        study = make_study(study_id=f"id-{number}")
        callback = TrackingCallback(
            uri=uri, experiment="test", study=study, folder=tmp_path / str(number)
        )
        assert callback.study_end("completed")
    links = study_links(uri, "")
    assert "id-2" in links["a study"]
    assert len(links) == 2
