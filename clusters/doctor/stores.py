"""Checks that all machines reach the storage, and the driver its MLflow."""

import re
from urllib.parse import urlsplit

from automl_on_ray.clusters.doctor.finding import UNFILLED, ClusterFile, Finding, error, warning
from automl_on_ray.clusters.doctor.ports import LOOPBACK, option, serves_mlflow

# Folders that are a machine's own on any usual machine. Of others only the machines can tell.
_OWN_DISK = re.compile(r"^(file:|~|\$HOME|\.|/(home|root|tmp|var|opt|usr)(/|$)|[^/$][^:]*$)")
# Of one's own machines, these may be mounted.
_PERHAPS = re.compile(r"^(~|\$HOME|/(home|root|var|opt|usr)(/|$))")


def exported(commands: list[str], name: str) -> str | None:
    """What the commands last set a variable to, in the environment or in a file that is read."""
    found = re.findall(rf"\b{name}=([^\s'\"]+)", "\n".join(commands))
    return found[-1] if found else None


def check_storage(cluster: ClusterFile) -> list[Finding]:
    if not cluster.several_nodes:
        return []
    storage = exported(cluster.all_commands(), "AUTOML_STORAGE")
    given = [one for command in cluster.all_commands() if (one := option(command, "storage"))]
    storage = storage or (given[-1] if given else None)
    if storage is None:
        return [
            warning(
                "No command says where studies are stored (AUTOML_STORAGE).",
                "A study without --storage then writes to the head's disk, which other machines do "
                "not have: their trials fail at the first checkpoint.",
                "export AUTOML_STORAGE=s3://bucket in setup_commands, as the shipped files do.",
            )
        ]
    # AWS's machines mount nothing unless they are told to; of one's own, nobody here can know.
    unmounted = cluster.on_aws and storage.startswith("/") and not _mounts(cluster)
    if UNFILLED in storage or not (_OWN_DISK.match(storage) or unmounted):
        return []
    if _PERHAPS.match(storage) and not cluster.on_aws:
        return [
            warning(
                f"Studies are stored in {storage}, which may be on each machine's own disk.",
                "If it is, trials on other machines than the head fail at their first checkpoint.",
                "If all machines mount it, all is well: the doctor's --live tells.",
            )
        ]
    return [
        error(
            f"Studies are stored in {storage}, on each machine's own disk.",
            "Trials on other machines than the head fail at their first checkpoint, and what the "
            "head has goes with it.",
            "Use s3://bucket, or a folder that all machines mount.",
        )
    ]


def _mounts(cluster: ClusterFile) -> bool:
    return any(re.search(r"\bmount\b|\bfstab\b", command) for command in cluster.all_commands())


def check_tracking(cluster: ClusterFile) -> list[Finding]:
    """Of MLFLOW_TRACKING_URI on the head, where drivers run."""
    uri = exported(cluster.head_commands(), "MLFLOW_TRACKING_URI")
    found = _check_workers(cluster)
    if uri is None:
        found.append(
            error(
                "The head's commands set no MLFLOW_TRACKING_URI.",
                "Drivers then keep runs in a SQLite file in --storage, which cannot lie in a "
                "bucket or on NFS.",
                "Start MLflow on the head and export MLFLOW_TRACKING_URI=http://127.0.0.1:5000.",
            )
        )
    elif UNFILLED not in uri and urlsplit(uri).hostname in LOOPBACK:
        found += _check_head_server(cluster, urlsplit(uri).port or 80)
    return found


def _check_head_server(cluster: ClusterFile, port: int) -> list[Finding]:
    """Whether the head starts a server on its loopback's `port`, and keeps its database."""
    servers = [command for command in cluster.head_commands() if serves_mlflow(command)]
    if not any((option(server, "port") or "5000") == str(port) for server in servers):
        return [
            error(
                f"Nothing on the head listens where runs are sent: 127.0.0.1:{port}.",
                "Every study ends before it starts, since its tracking cannot be reached.",
                f"Start `mlflow server --host 127.0.0.1 --port {port}` in head_start_ray_commands.",
            )
        ]
    on_disk = any("sqlite:" in server for server in servers)
    kept = any(
        "automl_on_ray.tracking.store.backup keep" in command for command in cluster.head_commands()
    )
    stopped = cluster.prepared["provider"].get("cache_stopped_nodes", True)
    if on_disk and not kept and cluster.on_aws:
        return [
            warning(
                "MLflow's database is on the head's disk alone.",
                "All runs go when the head does"
                + (
                    "."
                    if stopped
                    else ", which `ray down` terminates (cache_stopped_nodes: false)."
                ),
                "Have `python -m automl_on_ray.tracking.store.backup keep` copy it to the bucket, "
                "and `restore` it.",
            )
        ]
    return []


def _check_workers(cluster: ClusterFile) -> list[Finding]:
    """Trials never talk to MLflow; one who wants that must not be told the head's loopback."""
    uri = exported(cluster.worker_commands(), "MLFLOW_TRACKING_URI")
    if uri is None or urlsplit(uri).hostname not in LOOPBACK:
        return []
    return [
        error(
            f"Workers are told to track at {uri}, where nothing listens on them.",
            "A trainable that logs to MLflow by itself waits there and then fails.",
            "Set MLFLOW_TRACKING_URI in head_setup_commands only: the driver logs for all trials.",
        )
    ]
