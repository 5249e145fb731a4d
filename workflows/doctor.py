"""Find mistakes in a cluster: python workflows/doctor.py --help"""

from pathlib import Path
from typing import Annotated

import typer

from automl_on_ray.command_line import (
    checked,
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
        from automl_on_ray.clusters.doctor import examine, tell

        found, lines = ([], []) if file is None else examine(file, constraints)
        if live:
            from automl_on_ray.clusters.doctor import (
                examine_live,  # starts Ray, which the rest does not
            )

            found += examine_live(address, storage, tracking_uri)
        tell(found, lines)
    raise SystemExit(FOUND_ERRORS if any(one.severity == "error" for one in found) else 0)


if __name__ == "__main__":
    run_command(doctor)
