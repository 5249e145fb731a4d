"""Look after the studies of a folder: python workflows/studies.py --help"""

import json
from collections.abc import Callable
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

# What reads studies is imported by the command that does: --help need not wait for pandas.
if TYPE_CHECKING:
    from automl_on_ray.studies.results import StoredStudy
    from automl_on_ray.studies.transfer import Portfolio

Name = Annotated[str, typer.Argument(help="The study's name, as `list` shows it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]


def list_all(storage: options.Storage = "runs") -> None:
    """List all studies, the newest first: state, best value, trials, size and age."""
    from automl_on_ray.studies.upkeep import OUTCOMES, list_studies

    with user_errors_to_exit_codes():
        table = list_studies(storage)
        console.print(table if table else f"There is no study in {storage}.")
        if table:
            console.print(f"Trials are {'/'.join(OUTCOMES)}.", style="dim")


def show_one(
    name: Name,
    html: Annotated[
        Path | None, typer.Option(help="Write the report to this file too. Example: --html a.html")
    ] = None,
    storage: options.Storage = "runs",
) -> None:
    """Show what a study has found, its best trials, their curves, and how to go on with it."""
    from automl_on_ray.studies.results import read_study
    from automl_on_ray.studies.upkeep import show

    with user_errors_to_exit_codes():
        study = read_study(name, storage)
        show(study)
        if html is not None:
            _write_report(study, html)


def compare_some(
    names: Annotated[list[str], typer.Argument(help="Two studies or more.")],
    storage: options.Storage = "runs",
) -> None:
    """Show studies side by side: what they found, at what cost, and which options differ."""
    from automl_on_ray.studies.results import read_study
    from automl_on_ray.studies.upkeep import compare

    with user_errors_to_exit_codes():
        console.print(compare([read_study(name, storage) for name in names]))


def stop(
    name: Name,
    trial: Annotated[str, typer.Argument(help="The trial's id, as `show` and MLflow have it.")],
    storage: options.Storage = "runs",
) -> None:
    """End one trial of a study that runs. The study goes on; what the trial reported counts."""
    from automl_on_ray.studies.results import read_study
    from automl_on_ray.studies.upkeep import ask_to_stop

    with user_errors_to_exit_codes():
        ended = ask_to_stop(trial, lambda: read_study(name, storage))
        told = "has ended" if ended else "ends when the study next looks"
        console.print(f"Trial {trial} {told}; {name} goes on.", soft_wrap=True)


def remove(
    name: Name,
    yes: Yes = False,
    storage: options.Storage = "runs",
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Remove a study: its folder with its checkpoints, its copy in a bucket, its MLflow runs.

    Registered models stay. MLflow hides runs; `mlflow gc` deletes them for good.
    """
    from automl_on_ray.studies.upkeep import plan_removal

    with user_errors_to_exit_codes():
        quiet_libraries()
        removal = plan_removal(name, storage, tracking_uri)
        console.print("This goes:")
        for line in removal.lines():
            console.print(f"  {line}", soft_wrap=True)
        if _agreed(yes):
            removal.carry_out()
            console.print(f"Removed {name}.")


def clean(
    name: Annotated[str | None, typer.Argument(help="One study. Default: all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it only.")] = False,
    yes: Yes = False,
    storage: options.Storage = "runs",
) -> None:
    """Show what studies take on the disk, and delete checkpoints that nobody needs.

    Of finished studies, those of trials that completed or were pruned. Kept are the best trial's,
    those of failed or unfinished trials, of the final training, and of populations.
    """
    from automl_on_ray.studies.results import read_study, stored_names
    from automl_on_ray.studies.upkeep import delete_all, needless_checkpoints

    with user_errors_to_exit_codes():
        found = [read_study(one, storage) for one in ([name] if name else stored_names(storage))]
        needless = {study.path: needless_checkpoints(study) for study in found}
        for study in found:
            console.print(_taken(study, needless[study.path]), soft_wrap=True)
        if not any(needless.values()):
            console.print("There is nothing to delete.")
        elif not dry_run and _agreed(yes):
            for path, checkpoints in needless.items():
                delete_all(path, checkpoints)
            console.print("Deleted.")


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
        _write_portfolio(found, out)


def _write_report(study: "StoredStudy", path: Path) -> None:
    from automl_on_ray.studies.report import write_report  # seconds, of drawing libraries

    quiet_libraries()
    try:
        write_report(study, path)
    except OSError as error:
        raise UserError(f"--html {path} cannot be written to: {error.strerror}.") from error
    console.print(f"Report: {path.absolute()}", soft_wrap=True)


def _taken(study: "StoredStudy", needless: list[Path]) -> str:
    from automl_on_ray.studies.upkeep import disk_use, in_bytes, size_of

    use = disk_use(study.path)
    return (
        f"{study.name} ({study.state}): {in_bytes(use.total)}, of it checkpoints "
        f"{in_bytes(use.checkpoints)} and journal {in_bytes(use.journal)}; nobody needs "
        f"{len(needless)} checkpoints, {in_bytes(sum(map(size_of, needless)))}"
    )


def _agreed(yes: bool) -> bool:
    """Whether the user says yes; where nobody can be asked, no."""
    if yes:
        return True
    try:
        agreed = input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        console.print("Nobody answers here; --yes does not ask.")
        agreed = False
    if not agreed:
        console.print("Nothing was deleted.")
    return agreed


def _write_portfolio(found: "Portfolio", path: Path) -> None:
    try:
        path.write_text(json.dumps(found.configs, indent=1))
    except OSError as error:
        raise UserError(f"--out {path} cannot be written to: {error.strerror}.") from error
    data = ", ".join(f"{source.name} ({len(source.trials)})" for source in found.sources)
    console.print(
        f"Wrote {len(found.configs)} configs to {path}, for --try-first; by the trials of {data}.",
        soft_wrap=True,
    )


COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_all,
    "show": show_one,
    "compare": compare_some,
    "stop": stop,
    "remove": remove,
    "clean": clean,
    "portfolio": portfolio,
}

if __name__ == "__main__":
    run_command(COMMANDS)
