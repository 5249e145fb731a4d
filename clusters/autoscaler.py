"""Machines that a cluster's autoscaler may start, and having it start the first."""

from pathlib import Path
from typing import Any

import ray
import yaml
from ray import ObjectRef

from automl_on_ray.clusters.asked import Machine
from automl_on_ray.clusters.ray_internals import has_joined

BOOTSTRAP = Path("~/ray_bootstrap_config.yaml")  # the cluster's file, as `ray up` leaves it


def may_start(*, cpus: float = 0.0, gpus: float = 0.0) -> list[Machine]:
    """As many workers as the cluster's file allows, with so much each; none off its head.

    Ray does not tell: nobody writes what its `get_max_resources_from_cluster_config` reads.
    """
    return most_of(_cluster_file(), cpus=cpus, gpus=gpus)


def kinds() -> list[Machine]:
    """One of each type that may be started."""
    return [machine for machine, _ in _types(_cluster_file())]


def most_of(config: dict[str, Any], *, cpus: float = 0.0, gpus: float = 0.0) -> list[Machine]:
    """The workers that there may be at once, of types with so much each, the largest first.

    Those with the most GPUs if any are asked for, else those with the most CPUs.
    """
    fit = [
        machine
        for machine, count in _types(config)
        for _ in range(count)
        if machine.cpus >= cpus and machine.gpus >= gpus
    ]
    fit.sort(key=lambda one: (one.gpus if gpus else 0.0, one.cpus), reverse=True)
    return fit[: int(config.get("max_workers", 0))]


def _cluster_file() -> dict[str, Any]:
    path = BOOTSTRAP.expanduser()
    # A Ray that this process has started is no cluster, whatever file is here.
    if not has_joined() or not path.exists():
        return {}
    return dict(yaml.safe_load(path.read_text()))


def _types(config: dict[str, Any]) -> list[tuple[Machine, int]]:
    """Of workers that can run trials, with how many of each there may be."""
    found = []
    for name, given in config.get("available_node_types", {}).items():
        resources = given.get("resources", {})
        count = min(int(given.get("max_workers", 0)), int(config.get("max_workers", 0)))
        size = Machine(float(resources.get("CPU", 0)), float(resources.get("GPU", 0)))
        if name != config.get("head_node_type") and size.cpus and count > 0:
            found.append((size, count))
    return found


def ask_for_a_machine() -> ObjectRef:
    """A task that waits for a CPU, for which an autoscaler starts a machine; it ends there at once.

    It goes with this process: `request_resources` would outlive a killed one, and go on costing.
    """
    return ray.remote(_nothing).options(num_cpus=1).remote()


def _nothing() -> None:
    pass
