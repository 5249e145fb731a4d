"""Checks that `ray up` takes the file: Ray's schema, mounts, values not filled in yet."""

import os
import re
from contextlib import redirect_stderr, redirect_stdout
from fnmatch import fnmatch
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from automl_on_ray.clusters.doctor.finding import (
    UNFILLED,
    ClusterFile,
    Finding,
    error,
    strings,
    warning,
)
from automl_on_ray.clusters.ray_internals import prepared
from automl_on_ray.search_spaces.core import UserError


def read(path: Path) -> dict[str, Any]:
    """UserError if there is no such file, or it is no YAML, or not for `ray up`."""
    try:
        raw = yaml.safe_load(path.read_text())
    except OSError as problem:
        raise UserError(f"{path} cannot be read: {problem.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as problem:
        raise UserError(f"{path} is not YAML: {problem}") from None
    provider = raw.get("provider") if isinstance(raw, dict) else None
    if not isinstance(provider, dict) or "type" not in provider:
        raise UserError(f"{path} is no file for 'ray up': it has no provider with a type.")
    return dict(raw)


def prepare(raw: dict[str, Any]) -> ClusterFile | Finding:
    """The file with Ray's defaults; or what Ray itself would refuse."""
    try:
        with (
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
        ):  # it says so before it raises
            complete = prepared(raw)
    except Exception as problem:  # of several libraries: Ray's own and its schema's
        place = ".".join(str(key) for key in getattr(problem, "absolute_path", ()))
        said = str(getattr(problem, "message", problem)).strip().splitlines() or [repr(problem)]
        return error(
            f"Ray refuses the file{f' at {place}' if place else ''}: {said[0]}",
            "`ray up` stops there, before anything is started.",
            "Correct it; Ray's documentation lists all keys (Cluster YAML Configuration Options).",
        )
    return ClusterFile(complete)


def check_filled(path: Path, raw: dict[str, Any]) -> list[Finding]:
    """One finding for each value that only the user knows, with the lines where it stands."""
    marks = {mark for text in strings(raw) for mark in re.findall(rf"{UNFILLED}\w*", text)}
    lines = [line.partition("#")[0] for line in path.read_text().splitlines()]
    found = []
    for mark in sorted(marks):
        at = [number for number, line in enumerate(lines, 1) if re.search(rf"{mark}\b", line)]
        found.append(
            error(
                f"{mark} is not filled in (line {', '.join(map(str, at))} of {path.name}).",
                "Nobody but you knows the value.",
                "Write it in; the comment beside it and docs/cluster.md say where it comes from.",
            )
        )
    return found


def check_mounts(cluster: ClusterFile) -> list[Finding]:
    found = []
    for target, source in (cluster.prepared.get("file_mounts") or {}).items():
        if not Path(source).expanduser().exists():
            found.append(
                error(
                    f"file_mounts: {source!r} (for {target}) does not exist here.",
                    "Ray finds out only when the first machine runs and is paid for. Relative "
                    "paths begin where `ray up` is run, not at the file.",
                    "Correct it, or run this and `ray up` from the repository's root.",
                )
            )
        elif (
            _is_installed(cluster, target)
            and not (Path(source).expanduser() / "pyproject.toml").exists()
        ):
            found.append(
                error(
                    f"file_mounts: {source!r} (for {target}) is installed on the machines, but has "
                    "no pyproject.toml.",
                    "Set-up fails on the first machine. Relative paths begin where `ray up` is "
                    "run, not at the file.",
                    "Run this and `ray up` from the repository's root.",
                )
            )
    if cluster.prepared.get("file_mounts_sync_continuously"):
        found.append(
            warning(
                "file_mounts_sync_continuously is on.",
                "Each edit restarts Ray on the workers, which ends their trials.",
                "Set it to false; `ray job submit` ships edits without a restart.",
            )
        )
    return found


def check_excluded(cluster: ClusterFile) -> list[Finding]:
    """Ray copies two files of its own to the head by the same rsync as the code."""
    return [
        error(
            f"rsync_exclude: {pattern!r} keeps Ray's own {name} from the head.",
            "The head cannot start or reach workers without it, and says nothing: none ever comes.",
            "Name a folder in the pattern, or put it into .gitignore, which rsync_filter reads.",
        )
        for pattern in cluster.prepared.get("rsync_exclude") or []
        for name in ("ray_bootstrap_key.pem", "ray_bootstrap_config.yaml")
        if fnmatch(name, str(pattern).removeprefix("**/"))
    ]


def check_brackets(cluster: ClusterFile) -> list[Finding]:
    return [
        error(
            f"A command begins with a bracket: {command.strip()[:60]}",
            "Ray puts each command into brackets, and bash takes (( for arithmetic.",
            "Leave the outer brackets out; Ray's own do the same.",
        )
        for command in cluster.all_commands()
        if command.lstrip().startswith("(")
    ]


def _is_installed(cluster: ClusterFile, target: str) -> bool:
    """Whether a command installs from there, by going there first or by its path."""
    return any(
        "pip install" in command and re.search(rf"{re.escape(target)}(?![\w/-])", command)
        for command in cluster.all_commands()
    )


_AUTOSCALER = "RAY_UP_enable_autoscaler_v2"  # Ray writes it so


def check_one_short(cluster: ClusterFile) -> list[Finding]:
    """The variable that Ray's local provider needs cannot be said in the file."""
    if not cluster.is_local or os.environ.get(_AUTOSCALER) == "0":
        return []
    return [
        warning(
            f"{_AUTOSCALER} is not 0 here.",
            "With machines of your own, Ray's second autoscaler takes the head for a worker that "
            "has ended, and one worker never comes.",
            f"export {_AUTOSCALER}=0, then run `ray up` from the same shell.",
        )
    ]
