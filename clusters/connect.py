"""Starts Ray on this machine, or joins a cluster and takes the driver's code along.

On a cluster each node has its own disk, and perhaps another state of the code: `ray submit` copies
the workflow's file alone, to one node.
"""

import importlib.util
import logging
import os
import signal
import socket
import sys
import sysconfig
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import NodeDiedError, TaskUnschedulableError, WorkerCrashedError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from automl_on_ray.clusters.asked import joins_cluster
from automl_on_ray.clusters.leftover_agents import end_with_driver
from automl_on_ray.clusters.ray_internals import address_of
from automl_on_ray.clusters.storage import Storage
from automl_on_ray.clusters.storage_probe import unseen, write
from automl_on_ray.search_spaces.core import UserError, below

OWN = "automl_on_ray"
INSTALLED = {"site-packages", "dist-packages"}  # folders of what nodes have, too
MARK = ".seen-by-all-nodes-"
MLFLOW_STARTS = 60.0  # seconds that the MLflow of a new cluster may take


def patience(address: str | None) -> float:
    """Seconds to wait for an MLflow that is not there: beside a cluster it may be starting."""
    return MLFLOW_STARTS if joins_cluster(address) else 0.0


def check_address(address: str | None) -> None:
    """UserError if a cluster is named where none answers."""
    if not ray.is_initialized():
        _find(address or os.environ.get("RAY_ADDRESS") or None)


def start_ray(address: str | None, *, modules: Iterable[str] = ()) -> None:
    """Join the cluster at `address` (or RAY_ADDRESS, or one started here), or start a local one.

    To a cluster the code goes along: our package, and the user's own of these `modules`.
    """
    if ray.is_initialized():
        return
    found = _find(address or os.environ.get("RAY_ADDRESS") or None)
    joins = found is not None
    in_main = threading.current_thread() is threading.main_thread()
    if not joins and not in_main:
        raise UserError(  # its processes end with the thread that has started them
            "A Ray of this machine cannot be started from another thread than the main one: call "
            "ray.init() there first."
        )
    code = {"py_modules": shipped(modules), "excludes": ["**/__pycache__"]} if joins else None
    try:
        # As it was named: Ray takes its token along to clusters that it finds by itself.
        ray.init(address=address if joins else "local", log_to_driver=False,
                 logging_level=logging.ERROR, include_dashboard=None if joins else False,
                 runtime_env=code)  # fmt: skip
    except Exception as error:  # Ray has no type for what may go wrong here
        reason = (str(error) or type(error).__name__).splitlines()[0]
        if not joins:
            raise UserError(f"Ray could not be started on this machine: {reason}") from error
        raise UserError(
            f"No Ray cluster at {found!r}: {reason}. (If it asks for a token: RAY_AUTH_MODE=token, "
            "and the cluster's in ~/.ray/auth_token.)"
        ) from error
    if not joins:
        end_with_driver()
    # `ray job stop`, and a machine that shuts down, are to stop a study as Ctrl-C does.
    if in_main:
        signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))


def _find(named: str | None) -> str | None:
    """The address of the cluster that is meant; None to start a Ray of one's own.

    UserError, at once, if nothing listens there: Ray would try for minutes.
    """
    found = named
    if named in (None, "auto"):
        try:
            found = address_of(named)
        except ConnectionError:
            raise UserError(
                "No Ray runs on this machine, which --address auto or RAY_ADDRESS=auto asks for."
            ) from None
    if found in (None, "local"):
        return None
    silent = _silence(found)
    if silent and named is None:  # Ray's note of one that was killed
        return None
    if silent:
        raise UserError(
            f"No Ray cluster at {found!r}: {silent}. Give the head's address and port, or auto on "
            "one of its machines."
        )
    return found


def _silence(address: str) -> str | None:
    """Why nothing answers at `host:port`; None if something does, or if it is not one."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit():
        return None
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        return str(error.strerror or error)
    return None


def shipped(modules: Iterable[str]) -> list[str]:
    """Folders or files of our package, and of the user's modules that are not installed.

    And of what else was imported from beside these, as they may have imported it.
    """
    users = [place for place in map(_place, modules) if place and not _is_installed(place)]
    own = _place(OWN)
    beside = {Path(place).parent for place in users} - {Path(own).parent}
    outermost = [
        name
        for name, module in [*sys.modules.items()]
        if "." not in name and getattr(module, "__spec__", None) is not None
    ]
    neighbours = [place for place in map(_place, outermost) if Path(place).parent in beside]
    return list(dict.fromkeys([own, *users, *neighbours]))


def _is_installed(place: str) -> bool:
    """Whether nodes have it, too: a library, or a part of Python."""
    standard = Path(place).is_relative_to(sysconfig.get_path("stdlib"))
    return standard or bool(INSTALLED & {*Path(place).parts})


def _place(module: str) -> str:
    """The outermost folder that it is in, or its file. Empty if there is no such module.

    It is looked for by its whole name: Ax, too, installs a folder `docs`. Of a script that runs it
    is the script's file; a notebook has none.
    """
    if module == "__main__":
        script = getattr(sys.modules[module], "__file__", None)
        return str(Path(script).absolute()) if script else ""
    spec = importlib.util.find_spec(module)
    if spec is None:
        return ""
    place = Path([*(spec.submodule_search_locations or []), spec.origin or ""][0])
    for _ in range(module.count(".")):
        place = place.parent
    return str(place)


def check_shared(storage: Storage) -> None:
    """UserError if a node of the cluster cannot keep its trials where this one looks for them."""
    if len(_nodes()) < 2:
        return
    if storage.uri:
        _check_bucket(storage.uri)
        return
    mark = storage.local / f"{MARK}{uuid.uuid4().hex}"  # others may look at the same time
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(os.urandom(8).hex())
    try:
        blind = _blind(mark)
    finally:
        mark.unlink(missing_ok=True)
    if blind:
        raise UserError(
            f"--storage {storage.local} is not the same folder on {blind} as here: "
            "trials there could keep no checkpoint. A cluster needs one that all nodes share (NFS) "
            "or a bucket (--storage s3://bucket/folder)."
        )


def _check_bucket(uri: str) -> None:
    probe = below(uri, f"{MARK}{uuid.uuid4().hex}")
    said = _ask_nodes(_leave, probe)
    lost = unseen(probe, [name for _, (name, _) in said])
    for address, (name, error) in said:
        if error or name in lost:
            reason = error or "what it writes is not seen here"
            raise UserError(
                f"--storage {uri} cannot be used by {address}: {reason}. "
                "Give all machines the right to it, and its endpoint if it has one of its own: "
                "by their role, or in the environment in which Ray starts there."
            )


def _leave(probe: str) -> tuple[str, str | None]:
    """A file of a new name there; the name, and what went wrong."""
    name = uuid.uuid4().hex
    return name, write(probe, name)


def check_data(keywords: Mapping[str, Any]) -> None:
    """UserError if a node does not see a path among the keywords that hold trials to their data.

    Data in a bucket, and named ones without a data folder, each node fetches by itself.
    """
    for name, value in keywords.items():
        path = value if isinstance(value, str | Path) and Path(value).is_absolute() else None
        blind = _blind(Path(path)) if path else ""
        if blind:
            option = f"--{name.replace('_', '-')}"
            raise UserError(
                f"{option} {path} is not the same on {blind} as here: trials there would have "
                "other data or none. A cluster needs a path that all nodes share (NFS) or a bucket "
                f"({option} s3://bucket/folder)."
            )


def _nodes() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]


def _blind(path: Path) -> str:
    """Addresses of the nodes on which this path leads to something else than here."""
    if len(_nodes()) < 2:
        return ""
    here = _sight(path)
    return ", ".join(a for a, seen in _ask_nodes(_sight, path) if seen != here)


def _ask_nodes(function: Callable[..., Any], *arguments: Any) -> list[tuple[str, Any]]:
    """Each node's address, and what it answers; nothing of one that is lost meanwhile."""
    asked = []
    for node in _nodes():
        where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        task = ray.remote(function).options(num_cpus=0, scheduling_strategy=where)
        asked.append((node["NodeManagerAddress"], task.remote(*arguments)))
    answers = []
    for address, answer in asked:
        with suppress(TaskUnschedulableError, NodeDiedError, WorkerCrashedError):
            answers.append((address, ray.get(answer)))
    return answers


def _sight(path: Path) -> str:
    """Of a file its size and beginning, of a folder the names in it: quick, and rarely alike."""
    try:
        if path.is_dir():
            return sha256("\n".join(sorted(os.listdir(path))).encode()).hexdigest()
        with path.open("rb") as file:
            return f"{path.stat().st_size} {file.read(64).hex()}"
    except OSError:
        return ""
