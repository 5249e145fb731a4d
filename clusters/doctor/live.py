"""Checks a running cluster: a task on each node looks at that node."""

import socket
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import ray
import yaml
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from automl_on_ray.clusters.autoscaler import BOOTSTRAP
from automl_on_ray.clusters.connect import MLFLOW_STARTS, start_ray
from automl_on_ray.clusters.doctor.finding import Finding, error, warning
from automl_on_ray.clusters.doctor.node import NodeDisk, Seen, clock, look
from automl_on_ray.clusters.storage_probe import unseen
from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.core import UserError, below, is_uri
from automl_on_ray.tracking.store import check_tracking

ANSWER_SECONDS = 120  # for all nodes; their first task starts a process, which imports torch
CLOCK_SECONDS = 2.0
FREE_GB, FREE_PART = 10.0, 0.05

Node = dict[str, Any]  # as ray.nodes() has it


def examine_live(address: str, storage: str | None, tracking_uri: str | None) -> list[Finding]:
    """Findings on all nodes; UserError if there is no such cluster."""
    start_ray(address)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    probe = _probe(storage) if storage else None
    found, seen = ask(nodes, probe)
    bootstrap = BOOTSTRAP.expanduser()
    if bootstrap.exists():
        found += absent(yaml.safe_load(bootstrap.read_text()), nodes)
    answered = [node for node in nodes if node["NodeID"] in seen]
    for node in answered:
        found += judge(node, seen[node["NodeID"]])
        found += judge_clock(node, lateness(partial(_time_on, node)))
    if probe is not None:
        found += check_shared(probe, [one for one in answered if not seen[one["NodeID"]].unwritten])
    elif len(nodes) > 1:
        found.append(_unknown_storage())
    found += check_server(tracking_uri, patience=MLFLOW_STARTS)
    console.print(f"{len(nodes)} nodes were asked, {len(answered)} answered.")
    return found


def _probe(storage: str) -> str:
    """A folder of its own, since several may look at once. A path must be the same on all nodes."""
    name = f".doctor-{uuid.uuid4().hex}"
    if is_uri(storage):
        return below(storage, name)
    return str(Path(storage).expanduser().absolute() / name)


def _on(node: Node, function: Callable[..., Any]) -> Any:
    where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    return ray.remote(function).options(num_cpus=0, max_retries=0, scheduling_strategy=where)


def _time_on(node: Node) -> float:
    return float(ray.get(_on(node, clock).remote()))


def ask(nodes: list[Node], probe: str | None) -> tuple[list[Finding], dict[str, Seen]]:
    """What each node answers, by its id, and a finding for each that does not."""
    found: list[Finding] = []
    seen: dict[str, Seen] = {}
    questions = [_on(node, look).remote(node["NodeID"], probe) for node in nodes]
    deadline = time.monotonic() + ANSWER_SECONDS
    for node, question in zip(nodes, questions, strict=True):
        try:
            left = max(1.0, deadline - time.monotonic())
            seen[node["NodeID"]] = ray.get(question, timeout=left)
        except Exception as problem:  # whatever it is, this node cannot run trials
            said = (str(problem).strip().splitlines() or [repr(problem)])[-1]
            found.append(
                error(
                    f"{name_of(node)} does not answer: {said}",
                    "It counts as part of the cluster, but its trials will not come to an end.",
                    "Look into its logs (`ray logs`); `ray up` sets machines up again.",
                )
            )
    return found, seen


def absent(config: dict[str, Any], nodes: list[Node]) -> list[Finding]:
    """Machines that the cluster's file names, or always wants, and that are not there."""
    here = {node["NodeManagerAddress"] for node in nodes}
    named = config.get("provider", {}).get("worker_ips", [])
    gone = [machine for machine in named if not here & {machine, _address_of(machine)}]
    if gone:
        return [
            error(
                f"{', '.join(gone)} of worker_ips: not in the cluster.",
                "Studies run on the others alone.",
                "Look at the output of `ray up`, and check the cluster's file with doctor.py FILE.",
            )
        ]
    wanted = sum(one.get("min_workers", 0) for one in config["available_node_types"].values())
    if len(nodes) - 1 < wanted:
        return [
            warning(
                f"{len(nodes) - 1} workers are there, the cluster's file always wants {wanted}.",
                "They may be starting, or the cloud has none to give.",
                "`ray status` on the head says which.",
            )
        ]
    return []


def _address_of(machine: str) -> str:
    try:
        return socket.gethostbyname(machine)
    except OSError:
        return machine


def name_of(node: Node) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeID'][:8]})"


def judge(node: Node, seen: Seen) -> list[Finding]:
    """What a node's own answer shows."""
    found = []
    promised = node["Resources"].get("GPU", 0)
    if seen.gpus is None:
        found.append(
            error(
                f"{name_of(node)}: torch cannot be imported.",
                "No trial can run there.",
                "Look at the output of `ray up`: its set-up did not come to an end.",
            )
        )
    elif seen.gpus < promised:
        found.append(
            error(
                f"{name_of(node)}: Ray gives out {promised:g} GPUs, torch sees {seen.gpus}.",
                "Trials fail there, or train on the CPU.",
                "Compare `nvidia-smi` with the CUDA of torch.version.cuda: the driver may be old.",
            )
        )
    elif seen.gpus > promised:
        found.append(
            warning(
                f"{name_of(node)}: torch sees {seen.gpus} GPUs, Ray gives out {promised:g}.",
                "The others stand idle.",
                "Leave --num-gpus and the type's resources out, unless this is as you want it.",
            )
        )
    if seen.unwritten:
        found.append(
            error(
                f"{name_of(node)} cannot write to the storage: {seen.unwritten}",
                "Its trials fail at their first checkpoint.",
                "Give the machine's role the right to it (AWS), or mount it there (NFS).",
            )
        )
    return found + [_nearly_full(node, one) for one in seen.disks if is_nearly_full(one)]


def is_nearly_full(disk: NodeDisk) -> bool:
    return disk.free < FREE_GB or disk.part < FREE_PART


def _nearly_full(node: Node, disk: NodeDisk) -> Finding:
    return warning(
        f"{name_of(node)}: {disk.free:.1f} GB are free at {disk.folder} ({disk.part:.0%}).",
        "Ray stores no more objects on a disk that is full (95 %), and data sets need room.",
        "Free some, or give the machines larger disks.",
    )


def lateness(remote_clock: Callable[[], float]) -> float:
    """Seconds by which another clock is surely ahead of ours (or behind, below zero).

    Its answer was made somewhere between question and receipt; within that, nothing is sure.
    """
    asked = time.time()
    said = remote_clock()
    received = time.time()
    return max(0.0, said - received) + min(0.0, said - asked)


def judge_clock(node: Node, late: float) -> list[Finding]:
    if abs(late) < CLOCK_SECONDS:
        return []
    return [
        warning(
            f"{name_of(node)}: its clock is {abs(late):.0f} s {'ahead' if late > 0 else 'behind'}.",
            "S3 refuses requests of machines whose clock is wrong, and times of trials mislead.",
            "Let the machines keep time (chrony or systemd-timesyncd).",
        )
    ]


def check_shared(probe: str, wrote: list[Node]) -> list[Finding]:
    """Whether what each node wrote is seen from here. The files are removed."""
    if not wrote:
        return []
    lost = unseen(probe, [node["NodeID"] for node in wrote])
    if not lost:
        return []
    names = ", ".join(name_of(node) for node in wrote if node["NodeID"] in lost)
    return [
        error(
            f"What {names} wrote to the storage is not seen here.",
            "It is a disk of its own there: checkpoints of its trials are lost to all others.",
            "Use s3://bucket, or a folder that all machines mount.",
        )
    ]


def _unknown_storage() -> Finding:
    return warning(
        "No storage was named, so it was not looked at.",
        "A study that writes to the head's own disk fails at the first checkpoint of another node.",
        "Give --storage, as you will to the study, or set AUTOML_STORAGE.",
    )


def check_server(tracking_uri: str | None, *, patience: float = 0.0) -> list[Finding]:
    """Whether MLflow answers here, where drivers run."""
    if tracking_uri is None:
        return [
            warning(
                "No tracking server was named, so it was not looked at.",
                "Studies keep their runs in a SQLite file in --storage, if that is a folder.",
                "Give --tracking-uri, as you will to the study, or set MLFLOW_TRACKING_URI.",
            )
        ]
    try:
        check_tracking(tracking_uri, patience=patience)
    except UserError as problem:
        return [
            error(
                str(problem),
                "Every study ends before it starts.",
                "On a head set up by cluster.yaml, ~/mlflow/server.log says why; `ray up` starts "
                "it again.",
            )
        ]
    return []
