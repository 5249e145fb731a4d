"""Checks who can reach the dashboard, MLflow and the machines."""

import re
from typing import Any

from automl_on_ray.clusters.doctor.finding import ClusterFile, Finding, error

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYBODY = ("0.0.0.0/0", "::/0")


def option(command: str, name: str) -> str | None:
    """What a command gives as --name value or --name=value."""
    given = re.search(rf"(?:^|\s)--{re.escape(name)}[=\s]+(\S+)", command)
    return given.group(1).strip("'\"") if given else None


def serves_mlflow(command: str) -> bool:
    return re.search(r"\bmlflow (server|ui)\b", command) is not None


def check_dashboard(cluster: ClusterFile) -> list[Finding]:
    return [
        error(
            f"The dashboard listens on {host}.",
            "Whoever reaches the port may run programs on the cluster.",
            "Start Ray with --dashboard-host=127.0.0.1; `ray dashboard FILE` brings it to you.",
        )
        for command in cluster.head_commands()
        if re.search(r"\bray start\b", command)
        and (host := option(command, "dashboard-host") or LOOPBACK[0]) not in LOOPBACK
    ]


def check_mlflow(cluster: ClusterFile) -> list[Finding]:
    return [
        error(
            f"MLflow listens on {host}.",
            "Whoever reaches the port may read, change and delete runs and models. Only drivers "
            "talk to MLflow, and they run on the head.",
            "Start it with --host 127.0.0.1; `ray exec FILE -p 5000 'sleep infinity'` brings it "
            "to you.",
        )
        for command in cluster.all_commands()
        if serves_mlflow(command)
        and (host := option(command, "host") or LOOPBACK[0]) not in LOOPBACK
    ]


def check_security_groups(cluster: ClusterFile) -> list[Finding]:
    if not cluster.on_aws:
        return []
    own = [name for name, kind in cluster.node_types.items() if not _groups(kind["node_config"])]
    found = []
    if own:
        found.append(
            error(
                f"{', '.join(own)}: there are no SecurityGroupIds.",
                "Ray then makes a group that admits SSH from everywhere, whatever rules you add.",
                "Give the one that workflows/prepare_aws.py makes.",
            )
        )
    rules = (cluster.prepared["provider"].get("security_group") or {}).get("IpPermissions") or []
    if any(cidr in EVERYBODY for rule in rules for cidr in _ranges(rule)):
        found.append(
            error(
                "provider.security_group opens ports to everybody.",
                "Whoever reaches Ray's ports may run programs; MLflow's, read and delete runs.",
                "Leave the rules out: `ray exec -p` and `ray dashboard` need no open port.",
            )
        )
    return found


def _groups(node_config: dict[str, Any]) -> list[str]:
    cards = node_config.get("NetworkInterfaces") or []
    if cards:
        return [group for card in cards for group in card.get("Groups") or []]
    return list(node_config.get("SecurityGroupIds") or [])


def _ranges(rule: dict[str, Any]) -> list[str]:
    return [one.get("CidrIp", "") for one in rule.get("IpRanges") or []] + [
        one.get("CidrIpv6", "") for one in rule.get("Ipv6Ranges") or []
    ]
