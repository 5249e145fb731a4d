"""Find what to try first on new data: python workflows/portfolio.py --help"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_on_ray.command_line import (
    checked,
    console,
    options,
    quiet_libraries,
    run_command,
    step,
    user_errors_to_exit_codes,
)
from automl_on_ray.search_spaces.core import Between, UserError, parse_objectives

if TYPE_CHECKING:
    from automl_on_ray.studies.transfer import Portfolio


@checked
def portfolio(
    out: Annotated[Path, typer.Option(help="The file to write. Example: --out portfolio.json")],
    space: options.Space,
    trainable: options.Trainable = None,
    objective: options.ObjectiveText = "accuracy",
    configs: Annotated[
        int, Between(1, 1000), typer.Option(help="Configs to choose, at most. Example: --configs 5")
    ] = 12,
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs"),
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Choose configs that did well on all data sets of a store, as a file for --try-first.

    Taken are the trials of all studies on the space with the trainable. Each config is the one that
    lowers the regret the most, in the mean over the data sets, beside those before it. So they are
    unlike each other, and the first ones matter most. The file is written anew.
    """
    with user_errors_to_exit_codes():
        quiet_libraries()
        if out.is_dir():
            raise UserError(f"--out {out} is a folder: name a file.")
        if not out.absolute().parent.is_dir():
            raise UserError(f"--out {out} cannot be written to: {out.parent} is no folder.")
        with step("Loading Ray"):
            from automl_on_ray.clusters import folder_named
            from automl_on_ray.studies.inputs import find_space, find_trainable, objectives_of
            from automl_on_ray.studies.transfer import stored_portfolio
            from automl_on_ray.tracking.store import stored_uri

        klass = find_trainable(trainable, parse_objectives(objective)[0].metric)
        goals = objectives_of(objective, klass)
        if len(goals) > 1:
            raise UserError(f"A portfolio is for one objective, but got {objective!r}.")
        uri = stored_uri(folder_named(storage, "--storage"), tracking_uri)
        names = [trainable or klass.__name__, klass.__name__]  # of our own, studies tell the class
        found = stored_portfolio(uri, find_space(space), names, goals[0], configs)
        _write(found, out)


def _write(found: "Portfolio", path: Path) -> None:
    try:
        path.write_text(json.dumps(found.configs, indent=1))
    except OSError as error:
        raise UserError(f"--out {path} cannot be written to: {error.strerror}.") from error
    data = ", ".join(f"{source.name} ({len(source.trials)})" for source in found.sources)
    console.print(
        f"Wrote {len(found.configs)} configs to {path}, for --try-first; by the trials of {data}.",
        soft_wrap=True,
    )


if __name__ == "__main__":
    run_command(portfolio)
