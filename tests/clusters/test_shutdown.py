"""What workflows/stop_cluster.py does on the head; tests/hosts has it end a cluster."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from automl_on_ray.clusters import shutdown
from automl_on_ray.search_spaces.core import UserError

# Stands for MLflow's server: it has a child of its own, and neither ends when it is asked to.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) > 2:
    subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]])
print(flush=True)
time.sleep(600)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AUTOML_STORAGE", raising=False)
    return tmp_path


def test_elsewhere_than_on_a_head_it_is_refused(home):
    with pytest.raises(UserError, match="no head of a cluster"):
        shutdown.bootstrap()


def test_a_process_is_ended_with_what_it_has_started_even_if_it_does_not_want_to(monkeypatch):
    monkeypatch.setattr(shutdown, "GRACE", 1.0)
    mark = f"server of test {os.getpid()}"
    words = [sys.executable, "-c", STUBBORN, STUBBORN, mark]
    with subprocess.Popen(words, start_new_session=True, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.readline()  # of its child
        assert len(shutdown.running(mark)) == 2
        shutdown.stop(mark)
        assert process.wait(10) < 0
    assert shutdown.running(mark) == []


def test_the_last_copy_has_what_was_written_last(home, monkeypatch):
    assert shutdown.last_copy()  # there is nothing to be copied
    (home / "mlflow").mkdir()
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as opened, opened:
        opened.execute("CREATE TABLE runs (name TEXT)")
    monkeypatch.setenv("AUTOML_STORAGE", str(home / "nfs"))
    assert shutdown.last_copy()
    with closing(sqlite3.connect(home / "nfs" / "mlflow" / "mlflow.db")) as opened:
        assert opened.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]
    (home / "file").touch()
    monkeypatch.setenv("AUTOML_STORAGE", str(home / "file"))
    assert not shutdown.last_copy()


@pytest.mark.skipif(not shutil.which("ssh"), reason="needs ssh")
def test_a_worker_that_cannot_be_reached_is_named(home):
    config = {
        "provider": {"type": "local", "worker_ips": ["127.0.0.1"]},
        "auth": {"ssh_user": "nobody-of-that-name", "ssh_private_key": "~/none.pem"},
    }
    assert shutdown.stop_workers(config) == ["127.0.0.1"]
    assert shutdown.stop_workers({**config, "provider": {"type": "aws"}}) == []
