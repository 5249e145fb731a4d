"""Run a recorded study under other schedulers: python workflows/simulate.py --help"""

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
from automl_on_ray.search_spaces.core import Between, Objective, UserError, parse_objectives

if TYPE_CHECKING:
    from automl_on_ray.tracking.store import Recording


@checked
def simulate(
    study: Annotated[
        str, typer.Argument(help="Name of a study in MLflow; or a .parquet or .csv of curves.")
    ],
    scheduler: Annotated[
        str | None,
        typer.Option(help="One or more, separated by commas. Default: the study's own."),
    ] = None,
    slots: Annotated[
        str | None,
        Between(1, 1e5, several=True),
        typer.Option(
            help="One or more numbers, separated by commas. Default: as many as ran at once."
        ),
    ] = None,
    metric: Annotated[
        str, typer.Option(help="Column of a table; -name if less is better.")
    ] = "val_accuracy",
    epochs: Annotated[
        int | None,
        Between(1, 1e6),
        typer.Option(help="Maximum epochs of a trial. Default: as recorded."),
    ] = None,
    seed: options.Seed = 0,
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs"),
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Run recorded trials again, on a virtual clock, under other schedulers and numbers of slots.

    The table has columns trial, step, the metric, and perhaps seconds. Nothing is trained: a trial
    that a scheduler would have run for longer than it was recorded ends there, and is counted.
    """
    with user_errors_to_exit_codes():
        quiet_libraries()
        recording = _recording(study, metric, storage, tracking_uri)
        with step("Loading Ray"):
            from automl_on_ray.simulation import check_recorded, outcome_of, outcome_table
        names = _words(scheduler) or [recording.scheduler]
        numbers = [int(word) for word in _words(slots)] or [recording.slots]
        for name in names:
            check_recorded(name)
        found = [
            outcome_of(recording, name, number, epochs or recording.max_t, seed)
            for name in names
            for number in numbers
        ]
        console.print(outcome_table(recording, found))


def _recording(study: str, metric: str, storage: Path, tracking_uri: str | None) -> "Recording":
    from automl_on_ray.clusters import folder_named
    from automl_on_ray.tracking.store import recorded_study, recorded_table, stored_uri

    if Path(study).suffix in (".parquet", ".csv"):
        goal = _goal(metric)
        return recorded_table(Path(study), goal.metric, goal.mode)
    return recorded_study(stored_uri(folder_named(storage, "--storage"), tracking_uri), study)


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _goal(text: str) -> Objective:
    objectives = parse_objectives(text)
    if len(objectives) > 1:
        raise UserError(f"--metric takes one column, but got {text!r}.")
    return objectives[0]


if __name__ == "__main__":
    run_command(simulate)
