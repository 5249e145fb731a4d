"""MLflow's own server of its UI, for one who looks at studies on this machine."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from automl_on_ray.search_spaces.core import UserError

START_SECONDS = 90


def ui_server_command(uri: str, port: int) -> list[str]:
    """That serves the UI of the store at `uri` on loopback. UserError if the port is taken."""
    _check_free(port)
    return [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri,
            "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]  # fmt: skip


def _check_free(port: int) -> None:
    """UserError if something listens there: its answers would be taken for our server's."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            raise UserError(
                f"Port {port} is taken, perhaps by another MLflow UI; choose another --port."
            ) from None


def wait_until_healthy(server: "subprocess.Popen[bytes]", base: str) -> None:
    """UserError if it does not start or answer."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            said = server.stderr.read().decode(errors="replace") if server.stderr else ""
            reason = (said.strip().splitlines() or ["no reason given"])[-1]
            raise UserError(
                f"The MLflow server did not start ({reason}). If the port is taken, choose "
                "another --port."
            )
        try:
            urllib.request.urlopen(f"{base}/health", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise UserError(f"The MLflow server did not answer within {START_SECONDS} s.")
