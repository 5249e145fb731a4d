"""Where runs are stored: the default store, the client, and a check before anything starts."""

import os
import socket
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._untrusted import check_id
from automl_on_ray.search_spaces._uri import check_no_credentials
from automl_on_ray.tracking._links import run_links

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

# Answers of a server that will not change when asked again. All else is worth another try.
REFUSALS = frozenset(
    {
        "INVALID_PARAMETER_VALUE",
        "BAD_REQUEST",
        "INVALID_STATE",
        "RESOURCE_DOES_NOT_EXIST",
        "RESOURCE_ALREADY_EXISTS",
    }
)


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def default_uri(folder: Path) -> str:
    """SQLite in `folder`; its artifacts go to `mlflow-artifacts` beside it."""
    return f"sqlite:///{folder.expanduser().absolute()}/mlflow.db"


def stored_uri(folder: Path, tracking_uri: str | None = None) -> str:
    """Where there are studies to look at: at `tracking_uri`, else in `folder`.

    UserError if there is nothing, or nobody answers; nothing is made.
    """
    if tracking_uri is not None:
        check_tracking(tracking_uri)
        return tracking_uri
    if not (folder.expanduser() / "mlflow.db").exists():
        raise UserError(
            f"There is no study in {folder}: run one first (make hpo), or name its --storage."
        )
    return default_uri(folder)


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite store, else None."""
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None


def web_address(uri: str) -> str:
    """Where the user interface is: the server, or for a file where `mlflow ui` puts it."""
    return uri.rstrip("/") if uri.startswith("http") else "http://127.0.0.1:5000"


def connect(uri: str) -> "MlflowClient":
    """A client that tries once: the journal repeats, and knows when it has to look first.

    MLflow's own retry would create a second run when only the answer to the first got lost.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # at every end of run
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    from mlflow.tracking import MlflowClient

    path = sqlite_path(uri)
    if path is not None:
        _make_whole(path, MlflowClient)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _make_whole(path: Path, client: "type[MlflowClient]") -> None:
    """Have a new database in place once all its tables are made.

    MLflow takes seconds for them, and cannot open what it had half made when it was killed.
    """
    with FileLock(f"{path}.lock"):
        if path.exists() and path.stat().st_size:
            return
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        uri = f"sqlite:///{new}"
        client(tracking_uri=uri, registry_uri=uri)
        new.replace(path)


def find_studies(client: "MlflowClient", study_id: str | None = None) -> list["Run"]:
    """Runs of studies in all experiments, newest first."""
    condition = "tags.`automl.role` = 'study'"
    if study_id is not None:
        check_id(study_id, "The id of a study")  # it is a part of a condition
        condition += f" AND tags.`automl.study_id` = '{study_id}'"
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(ids, condition)) if ids else []


def study_links(uri: str, base: str) -> dict[str, str]:
    """Names of the studies stored at `uri`, newest first, and where their trials are shown."""
    return {run.info.run_name: run_links(base, run)["trials"] for run in find_studies(connect(uri))}


def refused(error: Exception) -> bool:
    """Whether a server has answered, and no further try will change its answer."""
    return getattr(error, "error_code", None) in REFUSALS


def check_tracking(uri: str, *, patience: float = 0.0) -> None:
    """Return within about five seconds, or raise UserError if runs cannot be stored at `uri`.

    A server on this machine that is not there yet may be starting: it has `patience` more seconds.
    """
    check_no_credentials(uri, "--tracking-uri")
    if uri.startswith("sqlite:"):
        _check_sqlite(uri)
    elif urlsplit(uri).scheme in ("http", "https"):
        _wait_for_start(uri, patience)
        _check_server(uri)
    else:
        raise UserError(
            f"The tracking store {uri!r} is neither a server (http://host:port) nor a SQLite file "
            "(sqlite:////absolute/path/mlflow.db)."
        )


def _check_sqlite(uri: str) -> None:
    path = sqlite_path(uri)
    if path is None or not path.is_absolute():
        raise UserError(f"Write the tracking store {uri!r} as sqlite:////absolute/path/mlflow.db.")
    existed = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(path, timeout=2) as database:
            database.execute("PRAGMA schema_version").fetchone()
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
    except (OSError, sqlite3.Error) as error:
        raise UserError(
            f"The tracking database {path} cannot be written to ({error}); "
            "choose another --storage or --tracking-uri."
        ) from error
    finally:
        if not existed and path.is_file() and not path.stat().st_size:
            path.unlink()  # a check leaves nothing behind


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
        socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2).close()
    except ConnectionRefusedError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _check_server(uri: str) -> None:
    import requests

    try:
        health = requests.get(f"{uri.rstrip('/')}/health", timeout=(2, 3))
    except requests.RequestException as error:
        raise UserError(
            f"The tracking server {uri} does not answer ({_reason(error)}); "
            "start it, or leave out --tracking-uri to use a SQLite file."
        ) from error
    if health.status_code in (401, 403):
        return  # behind a door that MLflow's own client may have the key to
    if health.status_code != 200 or health.text.strip() != "OK":
        raise UserError(
            f"{uri} answers, but not as an MLflow server (/health gave {health.status_code}); "
            "correct --tracking-uri."
        )


def _reason(error: Exception) -> str:
    cause: BaseException = error
    text = str(error)
    for words in ("Connection refused", "timed out", "Name or service not known"):
        if words in text:
            return words.lower()
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return str(cause)[:120]
