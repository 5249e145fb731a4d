"""Checks that machines get the tested versions, and a torch that knows their GPUs."""

import re
from pathlib import Path

from automl_on_ray.clusters.doctor.finding import ClusterFile, Finding, error, warning
from automl_on_ray.clusters.doctor.instances import (
    TORCH_CAPABILITY,
    accelerator_of,
    is_accelerated,
)

_PINNED = re.compile(r"([A-Za-z][\w.-]*)(?:\[[\w,.-]*\])?==([\w.!+-]+)")


def pinned(text: str) -> dict[str, str]:
    """Versions by the name of the library, as names are compared."""
    return {_plain(name): version for name, version in _PINNED.findall(text)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def check_versions(cluster: ClusterFile, constraints: Path) -> list[Finding]:
    """Compare all commands with the constraints file, and images with its Ray."""
    tested = pinned(constraints.read_text())
    found = []
    for command in cluster.all_commands():
        for name, version in pinned(command).items():
            known = tested.get(name)
            if known is not None and version.partition("+")[0] != known:
                found.append(_differs(f"{name}=={version}", known))
        if "ray-wheels/latest" in command:
            found.append(_nightly())
        elif re.search(r"\bpip3? install\b", command) and not _bounded(command):
            found.append(_unbounded(command))
    for image in _images(cluster):
        tag = re.search(r"/ray(?:-ml|-llm)?:(\d+\.\d+\.\d+)", image)
        if tag is not None and tag.group(1) != tested["ray"]:
            found.append(_differs(f"image {image}", tested["ray"]))
    return found


def _differs(what: str, known: str) -> Finding:
    return error(
        f"The machines get {what}, but constraints.txt has {known}.",
        "Ray joins only machines of the very same version; of other libraries, nothing else was "
        "tested together.",
        "Install with --constraint constraints.txt and give no version of your own.",
    )


def _nightly() -> Finding:
    return error(
        "setup_commands are missing, so Ray installs its latest nightly build.",
        "It is not the Ray that this project was tested with, and changes every night.",
        "Copy setup_commands from the shipped cluster.yaml.",
    )


def _bounded(command: str) -> bool:
    """Whether a pip command says all versions: by a file, or each by itself."""
    if re.search(r"(--constraint|-c|--requirement|-r)[=\s]", command):
        return True
    words = command.partition("install")[2].split("&&")[0].split(";")[0].split()
    libraries = [word.strip("'\"") for word in words if not word.startswith("-")]
    return all("==" in word or word.startswith(("/", "~", ".", "$")) for word in libraries)


def _unbounded(command: str) -> Finding:
    return warning(
        f"A command installs whatever version is newest: {command.strip()[:100]}",
        "Machines that start on different days get different libraries.",
        "Add --constraint with the mounted constraints.txt.",
    )


def _images(cluster: ClusterFile) -> list[str]:
    docker = cluster.prepared.get("docker") or {}
    return [str(docker[key]) for key in ("image", "head_image", "worker_image") if docker.get(key)]


def check_torch(cluster: ClusterFile) -> list[Finding]:
    """Whether the torch that the commands install has code for the machines' GPUs."""
    commands = "\n".join(cluster.all_commands())
    without_cuda = re.search(r"/whl/cpu\b|\btorch==[\w.]+\+cpu\b", commands)
    found = []
    for name, kind in cluster.node_types.items():
        instance = str(kind["node_config"].get("InstanceType", ""))
        accelerator = accelerator_of(instance) if cluster.on_aws else None
        unknown = accelerator is None and cluster.on_aws and is_accelerated(instance)
        declared = kind.get("resources", {}).get("GPU", 0) > 0
        has_gpus = accelerator is not None or unknown or declared
        if has_gpus and without_cuda:
            found.append(_no_build(name, f"{without_cuda.group(0)} is torch without CUDA"))
        elif unknown:
            found.append(
                warning(
                    f"{name}: this doctor does not know what accelerator {instance} has.",
                    "The pinned torch may have no code for it.",
                    "Look it up: torch needs an NVIDIA GPU of capability "
                    f"{TORCH_CAPABILITY} or newer, on an x86 machine.",
                )
            )
        elif accelerator is not None and accelerator.capability is None:
            found.append(_no_build(name, f"{instance} has {accelerator.name}, no NVIDIA GPU"))
        elif (
            accelerator is not None
            and accelerator.capability is not None
            and accelerator.capability < TORCH_CAPABILITY
            and "/whl/cu" not in commands
        ):
            found.append(
                _no_build(
                    name,
                    f"{instance} has {accelerator.name} (capability {accelerator.capability}), and "
                    f"the pinned torch begins at {TORCH_CAPABILITY}",
                )
            )
    return found


def _no_build(name: str, reason: str) -> Finding:
    return error(
        f"{name}: {reason}.",
        "Trials would fail on the GPU, or train on the CPU of a machine that is paid for its GPUs.",
        "Choose an NVIDIA type from g4dn on, and torch from its usual place, which has CUDA.",
    )
