"""Find mistakes in a cluster: python workflows/doctor.py --help"""

from pathlib import Path
from typing import Annotated

import typer

from automl_on_ray.clusters.doctor import (
    ClusterFile,
    Finding,
    check_brackets,
    check_dashboard,
    check_excluded,
    check_filled,
    check_mlflow,
    check_mounts,
    check_node_configs,
    check_one_short,
    check_prices,
    check_safety,
    check_security_groups,
    check_storage,
    check_torch,
    check_tracking,
    check_versions,
    prepare,
    price_lines,
    read,
)
from automl_on_ray.command_line import (
    checked,
    console,
    quiet_libraries,
    run_command,
    user_errors_to_exit_codes,
)
from automl_on_ray.search_spaces.core import UserError

FOUND_ERRORS = 1


@checked
def doctor(
    file: Annotated[
        Path | None, typer.Argument(help="A file for `ray up`, such as cluster.yaml.")
    ] = None,
    constraints: Annotated[
        Path, typer.Option(help="The versions that were tested together.")
    ] = Path("constraints.txt"),
    live: Annotated[
        bool, typer.Option("--live", help="Look at a running cluster, from one of its machines.")
    ] = False,
    address: Annotated[str, typer.Option(help="With --live: address of the cluster.")] = "auto",
    storage: Annotated[
        str | None,
        typer.Option(
            envvar="AUTOML_STORAGE",
            help="With --live: where studies are stored. Each machine writes a small file there.",
        ),
    ] = None,
    tracking_uri: Annotated[
        str | None,
        typer.Option(envvar="MLFLOW_TRACKING_URI", help="With --live: the MLflow server."),
    ] = None,
) -> None:
    """Look for mistakes in a cluster's file, offline, or in a running cluster (--live).

    Run it from where you run `ray up`. It says of each finding what is wrong, why it matters and
    what to do. The exit code is 1 if there are errors; warnings alone leave it at 0.
    """
    with user_errors_to_exit_codes():
        quiet_libraries()
        if file is None and not live:
            raise UserError("Name a cluster's file, or look at a running cluster with --live.")
        found, lines = ([], []) if file is None else examine(file, constraints)
        if live:
            from automl_on_ray.clusters.doctor import (
                examine_live,  # starts Ray, which the rest does not
            )

            found += examine_live(address, storage, tracking_uri)
        tell(found, lines)
    raise SystemExit(FOUND_ERRORS if any(one.severity == "error" for one in found) else 0)


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


if __name__ == "__main__":
    run_command(doctor)
