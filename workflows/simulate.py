"""Run a recorded study under other schedulers: python workflows/simulate.py --help"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from ray.tune.search import Searcher
from rich.table import Table

from automl_on_ray.clusters import folder_named
from automl_on_ray.command_line import (
    checked,
    console,
    options,
    quiet_libraries,
    run_command,
    user_errors_to_exit_codes,
)
from automl_on_ray.schedulers import (
    SchedulerSettings,
    create_scheduler,
    scheduler_capabilities,
    schedulers_that,
)
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import (
    Between,
    Objective,
    UserError,
    finite,
    last_reported,
    parse_objectives,
)
from automl_on_ray.simulation import Simulation
from automl_on_ray.tracking.store import Recording, recorded_study, recorded_table, stored_uri

CURVE = "curve"  # the only key of a recorded trial's config: which curve it is


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
        if Path(study).suffix in (".parquet", ".csv"):
            goal = _goal(metric)
            recording = recorded_table(Path(study), goal.metric, goal.mode)
        else:
            recording = recorded_study(
                stored_uri(folder_named(storage, "--storage"), tracking_uri), study
            )
        names = _words(scheduler) or [recording.scheduler]
        numbers = [int(word) for word in _words(slots)] or [recording.slots]
        for name in names:
            _check_scheduler(name)
        found = [
            outcome_of(recording, name, number, epochs or recording.max_t, seed)
            for name in names
            for number in numbers
        ]
        _print(recording, found)


@dataclass(frozen=True)
class SimulatedOutcome:
    """`ended` are trials' last steps, `cut` those of them that only the record ended."""

    scheduler: str
    slots: int
    seconds: float
    best: float
    ended: tuple[int, ...]
    cut: int


class Recorded:
    """A training that does what was recorded; its state is how far it has come."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def begin(self, config: Config) -> Any:
        return 0

    def step(self, state: Any, config: Config) -> tuple[Any, dict[str, float], float] | None:
        curve = self._recording.curves[config[CURVE]]
        if state >= len(curve):
            return None
        value = curve[state].value
        report = {} if value is None else {self._recording.metric: value}
        return state + 1, report, curve[state].seconds


class InOrder(Searcher):
    """Suggests the recorded trials as they came."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording.metric, recording.mode)
        self._left = list(range(len(recording.curves)))

    def suggest(self, trial_id: str) -> Any:
        return {CURVE: self._left.pop(0)} if self._left else Searcher.FINISHED

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Nothing to learn."""


def outcome_of(
    recording: Recording, name: str, slots: int, epochs: int, seed: int
) -> SimulatedOutcome:
    """The recorded trials under a scheduler, with so many slots."""
    objective = Objective(recording.metric, "max" if recording.mode == "max" else "min")
    count = len(recording.curves)
    settings = SchedulerSettings(SearchSpace("recorded"), objective, epochs, count, seed)
    run = Simulation(
        Recorded(recording), InOrder(recording), create_scheduler(name, settings), samples=count,
        slots=slots, max_t=epochs, pausing=scheduler_capabilities(name).pauses_trials, keep=1,
    )  # fmt: skip
    trials = run.run()
    lasts = [trial.run_metadata.last_result for trial in trials]
    ended = tuple(int(last.get("training_iteration", 0)) for last in lasts)
    values = [finite(last_reported(trial, recording.metric)) for trial in trials]
    scores = [value for value in values if value is not None]
    best = max(scores, key=lambda value: objective.sign() * value, default=math.nan)
    return SimulatedOutcome(name, slots, run.clock, best, ended, run.cut)


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _goal(text: str) -> Objective:
    objectives = parse_objectives(text)
    if len(objectives) > 1:
        raise UserError(f"--metric takes one column, but got {text!r}.")
    return objectives[0]


def _check_scheduler(name: str) -> None:
    if scheduler_capabilities(name).changes_running_trials:
        others = schedulers_that(lambda can: not can.changes_running_trials, near=name)
        raise UserError(
            f"{name} changes configs of live trials, of which nothing was recorded; "
            f"there are: {', '.join(others)}."
        )


def _print(recording: Recording, found: list[SimulatedOutcome]) -> None:
    recorded = tuple(len(curve) for curve in recording.curves)
    table = Table(title=f"{recording.name}: {len(recorded)} recorded trials")
    for heading in ("scheduler", "slots", "time", "epochs", f"best {recording.metric}",
                    "ended as recorded", "cut by the record"):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "scheduler" else "right")
    for outcome in found:
        same = sum(a == b for a, b in zip(outcome.ended, recorded, strict=True))
        hours, rest = divmod(round(outcome.seconds), 3600)
        table.add_row(
            outcome.scheduler, str(outcome.slots), f"{hours}:{rest // 60:02d}:{rest % 60:02d}",
            str(sum(outcome.ended)), f"{outcome.best:.5g}", f"{same}/{len(recorded)}",
            str(outcome.cut),
        )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    run_command(simulate)
