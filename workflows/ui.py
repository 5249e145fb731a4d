"""Open the MLflow UI on the studies of a folder: python workflows/ui.py --help"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from automl_on_ray.command_line import (
    checked,
    console,
    options,
    quiet_libraries,
    run_command,
    start_tethered,
    user_errors_to_exit_codes,
)
from automl_on_ray.search_spaces.core import Between


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
    from automl_on_ray.clusters import folder_named
    from automl_on_ray.tracking.store import stored_uri, ui_server_command, wait_until_healthy

    with user_errors_to_exit_codes():
        quiet_libraries()
        uri = stored_uri(folder_named(storage, "--storage"), tracking_uri)
        if uri.startswith("http"):
            _print_links(uri, uri.rstrip("/"))
            return
        command = ui_server_command(uri, port)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        environment = {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            **os.environ,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        # The server is another process: it must not outlive this one, however that ends.
        server = start_tethered(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        base = f"http://127.0.0.1:{port}"
        try:
            wait_until_healthy(server, base)
            _print_links(uri, base)
            console.print("Ctrl-C ends the server.")
            server.wait()
        except KeyboardInterrupt:
            pass
        finally:
            server.terminate()
            server.wait()


def _print_links(uri: str, base: str) -> None:
    from automl_on_ray.tracking.store import study_links

    for study, link in study_links(uri, base).items():
        console.print(f"{study}: {link}", soft_wrap=True)


if __name__ == "__main__":
    run_command(ui)
