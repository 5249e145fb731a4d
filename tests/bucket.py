"""S3 as moto's server has it, with an account of what is asked of it, and a gate for objects."""

import logging
import threading
from collections import Counter

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

SECRET = "not-to-be-seen-anywhere"


class Bucket:
    """Bucket `name` of a server of its own; `environment` leads there.

    `fetched` counts the GETs of objects by key and range. While `gate` is clear, they wait in front
    of it, and `waiting` is set.
    """

    def __init__(self, name):
        self.name, self.fetched = name, Counter()
        self.requests, self.gate, self.waiting = 0, threading.Event(), threading.Event()
        self.gate.set()
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }  # fmt: skip

    def __enter__(self):
        self._patch = pytest.MonkeyPatch()
        for key, value in self.environment.items():
            self._patch.setenv(key, value)
        self.client = boto3.client("s3")
        self.client.create_bucket(Bucket=self.name)
        return self

    def __exit__(self, *error):
        self.gate.set()
        # All of moto's servers in a process share what is in them.
        for found in self.client.list_objects_v2(Bucket=self.name).get("Contents", []):
            self.client.delete_object(Bucket=self.name, Key=found["Key"])
        self.client.delete_bucket(Bucket=self.name)
        self._patch.undo()
        self._server.shutdown()

    def put(self, folder):
        """All files below `folder`, under their names there."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.client.upload_file(str(file), self.name, file.relative_to(folder).as_posix())

    def _answer(self, environ, start):
        self.requests += 1
        key = environ["PATH_INFO"].removeprefix(f"/{self.name}/")
        if environ["REQUEST_METHOD"] == "GET" and key != environ["PATH_INFO"] and key:
            self.fetched[key, environ.get("HTTP_RANGE")] += 1
            if not self.gate.is_set():
                self.waiting.set()
                self.gate.wait(60)
        return self._moto(environ, start)
