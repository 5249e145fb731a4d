"""Machines that a cluster's autoscaler may start, and having it start the first."""

from pathlib import Path
from typing import Any

import ray
import yaml
from ray import ObjectRef
from ray._private import worker

BOOTSTRAP = Path("~/ray_bootstrap_config.yaml")  # the cluster's file, as `ray up` leaves it


def may_start() -> dict[str, float]:
    """CPUs and GPUs of as many workers as the cluster's file allows; none off its head.

    Ray does not tell: nobody writes what its `get_max_resources_from_cluster_config` reads.
    """
    path = BOOTSTRAP.expanduser()
    # A Ray that this process has started is no cluster, whatever file is here.
    if worker._global_node is None or worker._global_node.is_head() or not path.exists():
        return {}
    return most_of(yaml.safe_load(path.read_text()))


def most_of(config: dict[str, Any]) -> dict[str, float]:
    """CPUs and GPUs of all workers together, those of the largest types first."""
    types = config.get("available_node_types", {})
    sizes = []
    for name, given in types.items():
        if name != config.get("head_node_type"):
            resources = given.get("resources", {})
            size = (float(resources.get("GPU", 0)), float(resources.get("CPU", 0)))
            sizes += [size] * int(given.get("max_workers", 0))
    chosen = sorted(sizes, reverse=True)[: int(config.get("max_workers", 0))]
    return {"CPU": sum(cpus for _, cpus in chosen), "GPU": sum(gpus for gpus, _ in chosen)}


def ask_for_a_machine() -> ObjectRef:
    """A task that waits for a CPU, for which an autoscaler starts a machine; it ends there at once.

    It goes with this process: `request_resources` would outlive a killed one, and go on costing.
    """
    return ray.remote(_nothing).options(num_cpus=1).remote()


def _nothing() -> None:
    pass
