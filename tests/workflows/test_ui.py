"""The MLflow UI: on a port of its own, and gone when it is told to go."""

import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]


def start(storage, port):
    command = [sys.executable, ROOT / "workflows" / "ui.py", "--storage", storage, "--port", port]
    return subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_port_that_is_taken_is_told_though_it_may_answer(storage):
    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        process = start(storage, other.server_port)
        try:
            told = process.communicate(timeout=60)[1]
        finally:
            process.terminate()
            other.shutdown()
    assert process.returncode == 2
    assert "is taken" in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.whole
def test_the_server_ends_with_the_command_that_started_it_however_that_ends(storage):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    process = start(storage, port)
    assert process.stdout is not None
    while "Ctrl-C ends the server" not in process.stdout.readline():
        assert process.poll() is None
    children = psutil.Process(process.pid).children(recursive=True)
    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10).close()
    process.kill()
    process.communicate(timeout=60)
    assert len(children) > 1
    assert not psutil.wait_procs(children, timeout=60)[1]
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
