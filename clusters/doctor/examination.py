"""All checks of a cluster's file, and what the terminal says of their findings."""

from pathlib import Path

from automl_on_ray.clusters.doctor.cluster_file import (
    check_brackets,
    check_excluded,
    check_filled,
    check_mounts,
    check_one_short,
    prepare,
    read,
)
from automl_on_ray.clusters.doctor.finding import ClusterFile, Finding
from automl_on_ray.clusters.doctor.machines import check_node_configs, check_safety
from automl_on_ray.clusters.doctor.ports import (
    check_dashboard,
    check_mlflow,
    check_security_groups,
)
from automl_on_ray.clusters.doctor.price import check_prices, price_lines
from automl_on_ray.clusters.doctor.stores import check_storage, check_tracking
from automl_on_ray.clusters.doctor.versions import check_torch, check_versions
from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.core import UserError


def examine(file: Path, constraints: Path) -> tuple[list[Finding], list[str]]:
    """What is wrong with the file, and what it would cost."""
    raw = read(file)
    try:
        constraints.read_text()
    except (OSError, UnicodeDecodeError):
        raise UserError(
            f"There are no versions in {constraints}: run this from the repository's root."
        ) from None
    found = check_filled(file, raw)
    cluster = prepare(raw)
    if isinstance(cluster, Finding):
        return [*found, cluster], []
    return [*found, *checks(cluster, constraints)], price_lines(cluster)


def checks(cluster: ClusterFile, constraints: Path) -> list[Finding]:
    """All that are there, in the order in which `ray up` would meet their mistakes."""
    return [
        *check_one_short(cluster),
        *check_node_configs(cluster),
        *check_mounts(cluster),
        *check_excluded(cluster),
        *check_brackets(cluster),
        *check_versions(cluster, constraints),
        *check_torch(cluster),
        *check_storage(cluster),
        *check_tracking(cluster),
        *check_security_groups(cluster),
        *check_dashboard(cluster),
        *check_mlflow(cluster),
        *check_safety(cluster),
        *check_prices(cluster),
    ]


def tell(found: list[Finding], lines: list[str]) -> None:
    """Errors first."""
    for one in sorted(found, key=lambda one: one.severity):
        style = "bold red" if one.severity == "error" else "bold yellow"
        console.print(one.severity.upper(), style=style, end=" ")
        console.print(one.what, soft_wrap=True)
        console.print(f"  why:   {one.why}", soft_wrap=True)
        console.print(f"  to do: {one.to_do}", soft_wrap=True)
    for line in lines:
        console.print(line, soft_wrap=True)
    errors = sum(one.severity == "error" for one in found)
    console.print(f"{errors} errors, {len(found) - errors} warnings.")
