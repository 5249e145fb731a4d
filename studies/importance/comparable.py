"""Trials that may be compared: their values at one epoch, which most of them have reached."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective, finite
from automl_on_ray.tracking import RecordedTrial

MOST = 0.8  # of the trials


@dataclass(frozen=True)
class Comparable:
    """`values` of the objective after so many `epochs`, whatever the trials did later."""

    epochs: int
    trials: tuple[RecordedTrial, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def configs(self) -> list[Config]:
        return [trial.config for trial in self.trials]


def comparable(trials: Sequence[RecordedTrial], objective: Objective) -> Comparable:
    """At the last epoch that four of five trials have reached.

    A trial's last value does not do: under a scheduler that stops trials, bad ones have theirs
    from early epochs, and what made them bad would be mixed with how long they ran. Nor do later
    epochs, which only those have that did well: to choose by the value hides what it depends on.
    """
    able = [t for t in trials if t.outcome != "failed" and value_at(t, objective.metric, None)]
    if not able:
        return Comparable(0)
    reached = sorted((trial.curve[-1][0] for trial in able), reverse=True)
    epochs = reached[math.ceil(MOST * len(reached)) - 1]
    found = [
        (trial, value_at(trial, objective.metric, epochs))
        for trial in able
        if trial.curve[-1][0] >= epochs
    ]
    known = [(trial, at[0]) for trial, at in found if at]
    return Comparable(epochs, tuple(t for t, _ in known), tuple(value for _, value in known))


def value_at(trial: RecordedTrial, metric: str, epochs: int | None) -> tuple[float] | tuple[()]:
    """Its last report of a metric by then, None for by its end; empty if that is not finite."""
    told = [
        metrics[metric]
        for step, metrics in trial.curve
        if metric in metrics and (epochs is None or step <= epochs)
    ]
    value = finite(told[-1]) if told else None
    return () if value is None else (value,)
