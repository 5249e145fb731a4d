"""Runs a recorded study again, under another scheduler or with another number of slots."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ray.tune.search import Searcher
from rich.table import Table

from automl_on_ray.schedulers import (
    SchedulerSettings,
    create_scheduler,
    scheduler_capabilities,
    schedulers_that,
)
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError, finite, last_reported
from automl_on_ray.simulation.simulated_study import Simulation
from automl_on_ray.tracking.store import Recording

CURVE = "curve"  # the only key of a recorded trial's config: which curve it is


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


def check_recorded(name: str) -> None:
    """UserError for a scheduler under which a recorded study cannot be run again."""
    if scheduler_capabilities(name).changes_running_trials:
        others = schedulers_that(lambda can: not can.changes_running_trials, near=name)
        raise UserError(
            f"{name} changes configs of live trials, of which nothing was recorded; "
            f"there are: {', '.join(others)}."
        )


def outcome_table(recording: Recording, found: Sequence[SimulatedOutcome]) -> Table:
    """A row for each scheduler and number of slots."""
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
    return table
