"""Where runs are stored: the default store, the client, and how to find studies there."""

import logging
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from errno import EACCES, EEXIST, ENAMETOOLONG, ENOTDIR, EPERM, EROFS
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from automl_on_ray.search_spaces.core import PART, UserError, check_id, warn, written_whole
from automl_on_ray.tracking.reports import run_links
from automl_on_ray.tracking.store.database import database_path, database_uri
from automl_on_ray.tracking.store.mlflow_internals import check_mlflow

if TYPE_CHECKING:
    from mlflow.entities import Experiment, Run
    from mlflow.tracking import MlflowClient

# Answers of a server that will not change when asked again. All else is worth another try.
REFUSALS = frozenset(
    {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE", "RESOURCE_ALREADY_EXISTS"}
)
# The same of where files of runs go: HTTP's, and those of a folder that a server told us to use.
REFUSED_FILES = frozenset({400, 404, 405, 413, 501})
NO_PLACE = frozenset({EACCES, EPERM, EROFS, EEXIST, ENOTDIR, ENAMETOOLONG})
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # at every end of run
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",  # a database that was replaced is noticed
}


def default_uri(folder: Path) -> str:
    """SQLite in `folder`; its artifacts go to `mlflow-artifacts` beside it."""
    return database_uri(folder.expanduser().absolute() / "mlflow.db")


def web_address(uri: str) -> str:
    """Where the user interface is: the server, or for a file where `mlflow ui` puts it."""
    return uri.rstrip("/") if uri.startswith("http") else "http://127.0.0.1:5000"


def connect(uri: str) -> "MlflowClient":
    """A client that tries once: the journal repeats, and knows when it has to look first.

    MLflow's own retry would create a second run when only the answer to the first got lost.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    from mlflow.tracking import MlflowClient

    check_mlflow()
    path = database_path(uri)
    if path is not None:
        _make_whole(path, MlflowClient)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _make_whole(path: Path, client: "type[MlflowClient]") -> None:
    """Have a new database in place once all its tables are made.

    MLflow takes seconds for them, and cannot open what it had half made when it was killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if path.exists() and path.stat().st_size:
            return
        # By a process that was killed:
        for left in path.parent.glob(f"{escape(path.name)}.*{PART}"):
            left.unlink()
        # Another name each time: MLflow makes no tables for an address that it knows already.
        with written_whole(path) as new:
            uri = database_uri(new)
            client(tracking_uri=uri, registry_uri=uri)


def find_experiment(client: "MlflowClient", name: str) -> "Experiment | None":
    """The experiment of that name, None if there is none. UserError for a deleted one.

    MLflow would take no run for it, and no new experiment of its name.
    """
    found: Experiment | None = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != "active":
        words = [sys.executable, "-m", "mlflow", "experiments", "restore", "--experiment-id"]
        restore = shlex.join([*words, str(found.experiment_id)])
        raise UserError(
            f"Experiment {name!r} was deleted in MLflow, which therefore takes no runs for it. "
            "Choose another --experiment, or restore it: "
            f"MLFLOW_TRACKING_URI={shlex.quote(client.tracking_uri)} {restore}"
        )
    return found


def find_studies(client: "MlflowClient", study_id: str | None = None) -> list["Run"]:
    """Runs of studies in all experiments, newest first."""
    condition = "tags.`automl.role` = 'study'"
    if study_id is not None:
        condition += f" AND {of_study(study_id)}"
    return find_runs(client, condition)


def of_study(study_id: str) -> str:
    """The condition that a run is of this study. UserError if that is no study's id."""
    return f"tags.`automl.study_id` = '{check_id(study_id, 'The id of a study')}'"


def find_runs(
    client: "MlflowClient", condition: str, experiments: list[str] | None = None, *order: str
) -> list["Run"]:
    """All that a condition holds for, in all experiments unless some are given.

    The newest first, if no `order` is given.
    """
    if experiments is None:
        experiments = [one.experiment_id for one in client.search_experiments()]
    found: list[Run] = []
    token = None
    while experiments:
        page = client.search_runs(experiments, condition, order_by=list(order), page_token=token)
        found += page
        token = page.token
        if not token:
            break
    return found


def study_links(uri: str, base: str) -> dict[str, str]:
    """Names of the studies stored at `uri`, newest first, and where their trials are shown.

    The newest of a name has it alone; the older ones, with the time when they began.
    """
    links: dict[str, str] = {}
    for run in find_studies(connect(uri)):
        name = run.info.run_name
        if name in links:
            name += f", begun {datetime.fromtimestamp(run.info.start_time / 1000):%F %T}"
        links[name] = run_links(base, run)["trials"]
    return links


def refused(error: Exception) -> bool:
    """Whether a server has answered, and no further try will change its answer."""
    if getattr(error, "error_code", None) in REFUSALS:
        return True
    if isinstance(error, OSError) and error.errno in NO_PLACE:
        return True
    return getattr(getattr(error, "response", None), "status_code", None) in REFUSED_FILES


@contextmanager
def refusals_told(what: str) -> Iterator[None]:
    """Pass over what a store refuses for good, with a warning; let everything else through."""
    try:
        yield
    except Exception as error:
        if not refused(error):
            raise
        warn(f"MLflow refused the {what}: {error}")


def in_short(error: Exception) -> str:
    """What is at the root of an error, without all that MLflow's client has tried."""
    text = " ".join(str(error).split())
    return text.rpartition("Caused by ")[2][:300]


def is_lost(error: Any) -> bool:
    """Whether the store does not have what it once had."""
    return getattr(error, "error_code", None) == "RESOURCE_DOES_NOT_EXIST"


@contextmanager
def pointed_at(uri: str) -> Iterator[None]:
    """Have MLflow's functions that take no address use this one, and then what they had."""
    import mlflow

    names = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")  # MLflow writes there what it is told
    before = {name: os.environ.get(name) for name in names}
    for setting in SETTINGS.items():
        os.environ.setdefault(*setting)
    logging.getLogger("mlflow.store.db").setLevel(logging.WARNING)  # it tells of each connection
    try:
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        yield
    finally:
        mlflow.set_tracking_uri(before[names[0]] or "")
        mlflow.set_registry_uri(before[names[1]] or "")
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
