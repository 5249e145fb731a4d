"""Checks before the start that MLflow's store can take a study's runs."""

import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from automl_on_ray.search_spaces.core import UserError, check_no_credentials
from automl_on_ray.tracking.store.database import (
    bring_artifacts_along,
    check_database,
    check_version,
    database_path,
)
from automl_on_ray.tracking.store.mlflow_internals import check_mlflow
from automl_on_ray.tracking.store.server import connect, default_uri, find_experiment

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SECONDS = "4"  # for one answer
USED = "automl.used"  # a tag of experiments, which says nothing: setting it is the proof

# What MLflow's client says of a server, in part, and what its user is to do.
_ADVICE = {
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted here; give the file that vouches "
    "for it as MLFLOW_TRACKING_SERVER_CERT_PATH",
    "WRONG_VERSION_NUMBER": "it does not speak TLS; write http://",
    "record layer failure": "it does not speak TLS; write http://",
    "CERTIFICATE_REQUIRED": "it asks for a certificate of yours: MLFLOW_TRACKING_CLIENT_CERT_PATH",
    "Connection refused": "connection refused",
    "timed out": "timed out",
    "Name or service not known": "name or service not known",
    "Connection aborted": "it ended the connection; a server with TLS is written https://",
}


def stored_uri(folder: Path, tracking_uri: str | None = None) -> str:
    """Where there are studies to look at: at `tracking_uri`, else in `folder`.

    UserError if there is nothing, or nobody answers; nothing is made.
    """
    if tracking_uri is not None:
        check_tracking(tracking_uri)
        return tracking_uri
    uri = default_uri(folder)
    database = database_path(uri)
    if database is None or not database.exists():
        raise UserError(
            f"There is no study in {folder}: run one first (make hpo), or name its --storage."
        )
    check_version(uri, database)
    bring_artifacts_along(database)
    return uri


def check_tracking(uri: str, experiment: str | None = None, *, patience: float = 0.0) -> None:
    """Return within seconds, or raise UserError if runs of `experiment` cannot be stored at `uri`.

    UserError too if the MLflow that is here does not do.

    A server on this machine that is not there yet may be starting: it has `patience` more seconds.
    A server is asked as MLflow's own client asks, with its settings (MLFLOW_TRACKING_...).
    """
    check_no_credentials(uri, "--tracking-uri")
    check_mlflow()
    if uri.startswith("sqlite"):
        check_database(uri)
        database = database_path(uri)
        if database is None or not database.exists():
            return
        bring_artifacts_along(database)
    elif urlsplit(uri).scheme in ("http", "https"):
        _wait_for_start(uri, patience)
    else:
        raise UserError(
            f"The tracking store {uri!r} is neither a server (http://host:port) nor a SQLite file "
            "(sqlite:////absolute/path/mlflow.db)."
        )
    _ask(uri, experiment)


def _ask(uri: str, experiment: str | None) -> None:
    """Find the experiment and write to it, as the study will."""
    with _impatient():
        try:
            client = connect(uri)
            if experiment is None:
                client.search_experiments(max_results=1)
                return
            found = find_experiment(client, experiment)
            if found is not None:
                client.set_experiment_tag(found.experiment_id, USED, "true")
        except UserError:
            raise
        except Exception as error:
            raise UserError(_told(uri, error)) from error


def _told(uri: str, error: Exception) -> str:
    """One line for what MLflow's client says of a store."""
    text = " ".join(str(error).split())
    if not uri.startswith("http"):
        return f"The tracking store {uri} cannot be used: {text[:300]}"
    status = _status(error)
    if status is None:
        reason = next((advice for words, advice in _ADVICE.items() if words in text), text[-160:])
        return (
            f"The tracking server {uri} does not answer ({reason}); start it, or leave out "
            "--tracking-uri to use a SQLite file."
        )
    if status == 401:
        return (
            f"The tracking server {uri} does not know you (401); set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        )
    if status == 403:
        return f"The tracking server {uri} does not let you store runs (403): {text[:200]}"
    if status >= 500 and status != 501:  # that one does not know the method
        return f"The tracking server {uri} has an error of its own ({status}): {text[:200]}"
    return (
        f"{uri} answers, but not as an MLflow server ({status} to its API); correct --tracking-uri."
    )


def _status(error: Exception) -> int | None:
    """What the server answered; None if it gave no answer. MLflow has much of it as text alone."""
    text = str(error)
    for pattern in (r"failed with error code (\d{3})", r"too many (\d{3}) error responses"):
        if answered := re.search(pattern, text):
            return int(answered[1])
    if "failed with exception" in text or "failed with timeout" in text:
        return None
    if "valid JSON" in text or isinstance(error, ValueError):
        return 200
    answer = getattr(error, "json", {})
    if "error_code" not in answer:  # of another service
        return 404
    return int(getattr(error, "get_http_status_code", lambda: 500)())


@contextmanager
def _impatient() -> Iterator[None]:
    """MLflow's client waits for an answer as long as its environment says."""
    name = "MLFLOW_HTTP_REQUEST_TIMEOUT"
    before = os.environ.get(name)
    os.environ[name] = SECONDS
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def _wait_for_start(uri: str, patience: float) -> None:
    """Until something listens at this machine's own `uri`; elsewhere an address may be wrong."""
    if not patience or urlsplit(uri).hostname not in LOOPBACK or not _refuses(uri):
        return
    print(f"Waiting up to {patience:g} s for MLflow at {uri}, which may be starting.", flush=True)
    deadline = time.monotonic() + patience
    while _refuses(uri) and time.monotonic() < deadline:
        time.sleep(0.5)


def _refuses(uri: str) -> bool:
    """Whether nothing listens there; False if that cannot be known."""
    try:
        parts = urlsplit(uri)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=2).close()
    except ConnectionRefusedError:
        return True
    except (OSError, ValueError):
        return False
    return False
