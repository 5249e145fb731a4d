"""Ray: one started on this machine, or a cluster that is joined, with the driver's own code.

On a cluster each node has its own disk, and perhaps another state of the code: `ray submit` copies
the workflow's file alone, to one node.
"""

import importlib.util
import logging
import os
import signal
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ray
from ray._private.services import get_ray_address_from_environment
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from search_spaces._errors import UserError
from workflows._storage import Storage

OWN = ("search_spaces", "searchers", "schedulers", "trainables", "tracking", "workflows")
MARK = ".seen-by-all-nodes"
MLFLOW_STARTS = 60.0  # seconds that the MLflow of a new cluster may take


def joins_cluster(address: str | None) -> bool:
    """Whether a cluster was named, by `address` or by RAY_ADDRESS."""
    return (address or os.environ.get("RAY_ADDRESS") or "local") != "local"


def patience(address: str | None) -> float:
    """Seconds to wait for an MLflow that is not there: beside a cluster it may be starting."""
    return MLFLOW_STARTS if joins_cluster(address) else 0.0


def start_ray(address: str | None, *, modules: Iterable[str] = ()) -> None:
    """Join the cluster at `address` (or RAY_ADDRESS, or one started here), or start a local one.

    To a cluster the code goes along: all packages of ours, and the user's own of these `modules`.
    """
    if ray.is_initialized():
        return
    code = None
    found = address or get_ray_address_from_environment(None, None)  # type: ignore[arg-type]
    if found not in (None, "local"):
        code = {"py_modules": shipped(modules), "excludes": ["**/__pycache__"]}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR,
                 include_dashboard=None if address else False, runtime_env=code)  # fmt: skip
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UserError(f"No Ray cluster at {address!r}: {str(error).splitlines()[0]}") from error
    # `ray job stop`, and a machine that shuts down, are to stop a study as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))


def shipped(modules: Iterable[str]) -> list[str]:
    """Folders or files of our packages, and of the user's modules that are not installed."""
    installed = sysconfig.get_path("purelib")
    found = dict.fromkeys(_place(name) for name in OWN)
    users = map(_place, modules)
    found.update(dict.fromkeys(place for place in users if not place.startswith(installed)))
    return [place for place in found if place]


def _place(module: str) -> str:
    """The outermost folder that it is in, or its file. Empty if there is no such module.

    It is looked for by its whole name: Ax, too, installs a folder `docs`.
    """
    spec = importlib.util.find_spec(module)
    if spec is None:
        return ""
    place = Path([*(spec.submodule_search_locations or []), spec.origin or ""][0])
    for _ in range(module.count(".")):
        place = place.parent
    return str(place)


def check_shared(storage: Storage) -> None:
    """UserError if a node of the cluster does not see what this one writes into a folder."""
    nodes = [node for node in ray.nodes() if node["Alive"]]
    if len(nodes) < 2 or storage.uri:
        return
    mark = storage.local / MARK
    mark.parent.mkdir(parents=True, exist_ok=True)
    text = os.urandom(8).hex()
    mark.write_text(text)
    try:
        asked = [(node["NodeManagerAddress"], _ask(node["NodeID"], str(mark))) for node in nodes]
        blind = [address for address, seen in asked if ray.get(seen) != text]
    finally:
        mark.unlink(missing_ok=True)
    if blind:
        raise UserError(
            f"--storage {storage.local} is not the same folder on {', '.join(blind)} as here: "
            "trials there could keep no checkpoint. A cluster needs one that all nodes share (NFS) "
            "or a bucket (--storage s3://bucket/folder)."
        )


def _ask(node: str, mark: str) -> Any:
    where = NodeAffinitySchedulingStrategy(node, soft=False)
    return _read.options(num_cpus=0, scheduling_strategy=where).remote(mark)


@ray.remote
def _read(mark: str) -> str:
    path = Path(mark)
    return path.read_text() if path.exists() else ""
