"""Stores to track into: real MLflow, on SQLite and behind a real server."""

import os
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import Study
from automl_on_ray.tracking.store import default_uri
from tests.helpers.waiting import free_port, wait_until


@pytest.fixture
def uri(template: Path, tmp_path: Path) -> str:
    shutil.copy(template, tmp_path / "mlflow.db")
    return default_uri(tmp_path)


@pytest.fixture
def make_study() -> Callable[..., Study]:
    def make(**changes) -> Study:
        facts = {
            "name": "a study",
            "objectives": (Objective("accuracy"),),
            "dataset": "digits",
            "dataset_digest": "d1g35t",
            "dataset_context": {"train": 1078, "classes": 10},
            "space": "tiny",
            "searcher": "random",
            "scheduler": "asha",
            "seed": 3,
            "command": "python workflows/hpo.py --seed 3",
            "study_id": "study-1",
            "max_t": 6,
        }
        return Study(**{**facts, **changes})

    return make


class Server:
    """A real `mlflow server` process that can be stopped and started again on the same store."""

    def __init__(self, folder: Path, *words: str, **settings: str) -> None:
        self._folder, self._words, self._settings = folder, words, settings
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--backend-store-uri", default_uri(self._folder)]
        command += ["--artifacts-destination", str(self._folder / "artifacts"), *self._words]
        quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, **quiet, **self._settings},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._answers, process=self._process)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.uri}/health", timeout=2).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            # Its own session: the server and its workers, which would take seconds to end.
            os.killpg(self._process.pid, 9)
            self._process.wait(timeout=30)
            self._process = None


@pytest.fixture
def server(template: Path, tmp_path: Path) -> Iterator[Server]:
    shutil.copy(template, tmp_path / "mlflow.db")
    server = Server(tmp_path)
    server.start()
    yield server
    server.stop()


AUTH = """[mlflow]
default_permission = EDIT
database_uri = sqlite:///{folder}/users.db
admin_username = me
admin_password = secret-of-mine
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
"""


@pytest.fixture
def guarded(template: Path, tmp_path: Path) -> Iterator[Server]:
    """One that knows users: MLflow's `basic-auth`, with one of them."""
    shutil.copy(template, tmp_path / "mlflow.db")
    (tmp_path / "auth.ini").write_text(AUTH.format(folder=tmp_path))
    server = Server(
        tmp_path, "--app-name", "basic-auth", MLFLOW_AUTH_CONFIG_PATH=str(tmp_path / "auth.ini"),
        MLFLOW_FLASK_SERVER_SECRET_KEY="of tests",
    )  # fmt: skip
    server.start()
    yield server
    server.stop()


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "head" / "mlflow.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute("CREATE TABLE runs (name TEXT)")
        opened.execute("INSERT INTO runs VALUES ('first')")
    return path


@pytest.fixture
def bucket(monkeypatch):
    """An S3 on this machine's loopback."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    requests.post(f"{endpoint}/moto-api/reset", timeout=10)  # other tests' buckets live on
    boto3.client("s3").create_bucket(Bucket="studies")
    yield "s3://studies"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def copy(request, tmp_path):
    place = request.getfixturevalue("bucket") if request.param == "bucket" else tmp_path / "nfs"
    return f"{place}/mlflow/mlflow.db"
