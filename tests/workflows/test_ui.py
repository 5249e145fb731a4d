"""The MLflow UI: on a port of its own.

That it serves, and ends with its command: tests/studies/finish/test_printed_commands.py.
"""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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
