"""What a result depends on besides its config: commit, versions, machine, command."""

import getpass
import os
import platform
import socket
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGES = ("ray", "torch", "ax-platform", "mlflow", "numpy")


@cache
def versions() -> dict[str, str]:
    """Exact versions, read without importing; packages that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def commit(folder: Path = Path(__file__).parent) -> str | None:
    """The git commit of the code in `folder`, with `-dirty` where files differ from it, or None."""
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return None
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{head}-dirty" if changed else head


@cache
def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this user id, as in some containers
        return str(os.getuid())


def tags(command: str) -> dict[str, str]:
    """Tags of a run, in MLflow's own words where it has any."""
    found = {
        "mlflow.user": user(),
        "mlflow.source.name": command,
        "mlflow.source.type": "LOCAL",
        "automl.command": command,
        "automl.host": socket.gethostname(),
        **{f"version.{package}": version for package, version in versions().items()},
    }
    head = commit()
    if head:
        found["mlflow.source.git.commit"] = head.removesuffix("-dirty")
        found["automl.git.dirty"] = str(head.endswith("-dirty")).lower()
    return found


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
