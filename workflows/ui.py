"""Open the MLflow UI on the studies of a folder: python workflows/ui.py --help"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from automl_on_ray.clusters import folder_named
from automl_on_ray.command_line import (
    checked,
    console,
    options,
    quiet_libraries,
    run_command,
    start_tethered,
    user_errors_to_exit_codes,
)
from automl_on_ray.search_spaces.core import Between, UserError
from automl_on_ray.tracking.store import stored_uri, study_links

START_SECONDS = 90


@checked
def ui(
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs"),
    port: Annotated[
        int, Between(1, 65535), typer.Option(help="Port on this machine, where alone it listens.")
    ] = 5000,
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Serve the MLflow UI on loopback and print the links that show the trials; Ctrl-C ends it.

    Where MLflow runs as a server, that has the UI: only its links are printed.
    """
    with user_errors_to_exit_codes():
        quiet_libraries()
        uri = stored_uri(folder_named(storage, "--storage"), tracking_uri)
        if uri.startswith("http"):
            _print_links(uri, uri.rstrip("/"))
            return
        _check_free(port)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri,
                   "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]  # fmt: skip
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        # The server is another process: it must not outlive this one, however that ends.
        server = start_tethered(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        base = f"http://127.0.0.1:{port}"
        try:
            _wait_until_healthy(server, base)
            _print_links(uri, base)
            console.print("Ctrl-C ends the server.")
            server.wait()
        except KeyboardInterrupt:
            pass
        finally:
            server.terminate()
            server.wait()


def _print_links(uri: str, base: str) -> None:
    for study, link in study_links(uri, base).items():
        console.print(f"{study}: {link}", soft_wrap=True)


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


def _wait_until_healthy(server: "subprocess.Popen[bytes]", base: str) -> None:
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


if __name__ == "__main__":
    run_command(ui)
