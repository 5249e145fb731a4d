"""Which hyperparameters matter, told from trials that may be compared, if it can be told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.importance.comparable import Comparable, comparable
from automl_on_ray.studies.importance.parameters import (
    Declared,
    Parameter,
    declared_of,
    parameters_of,
)
from automl_on_ray.studies.importance.surrogate import LEAST, Surrogate
from automl_on_ray.studies.results import StoredStudy
from automl_on_ray.tracking import RecordedTrial

# Of the variance: a model that foretells less is not shown, or its shares are called rough.
EXPLAINS, WELL = 0.3, 0.6


@dataclass(frozen=True)
class Analysis:
    """`importance`: each parameter's share of the variance, 0 to 1, the greatest first.

    `told` says of how many trials, at which epoch and with which fit, or why there is none.
    """

    told: str
    importance: dict[str, float] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    data: Comparable = field(default_factory=lambda: Comparable(0), repr=False)
    model: Surrogate | None = field(default=None, repr=False)


def analyse(study: StoredStudy) -> Analysis:
    """What mattered to the first objective, in seconds and without the store or the searcher."""
    if study.recorded.lineage:
        return Analysis(
            "A population's trials change their configs as they run, so that no value is the work "
            "of one of them: what matters cannot be told."
        )
    if not study.objectives:
        return Analysis("Nothing is recorded yet.")
    facts = study.recorded.facts
    longest = int(facts.get("max_t", 0))
    return analysis_of(study.searched, study.objectives[0], declared_of(facts), longest)


def analysis_of(
    trials: Sequence[RecordedTrial],
    objective: Objective,
    declared: Declared,
    longest: int = 0,
) -> Analysis:
    """The same of trials at hand; `declared` is what the space says, by key.

    `longest` is of how many epochs a whole trial is.
    """
    data = comparable(trials, objective)
    parameters = tuple(parameters_of([trial.config for trial in trials], declared))
    count, metric = len(data.values), objective.metric
    of = f" of {longest}" if longest > data.epochs else ""
    at = f"{count} trials, all with their {metric} after epoch {data.epochs}{of}"
    if count < LEAST or not parameters or np.ptp(data.values) == 0:
        return Analysis(
            f"What matters cannot be told from {at}: it takes {LEAST} that differ.",
            parameters=parameters, data=data,
        )  # fmt: skip
    model = Surrogate(parameters, data.configs, data.values)
    if model.fit < EXPLAINS:
        return Analysis(
            f"What matters cannot be told: a model of {at} foretells {max(model.fit, 0):.0%} of "
            "the variance of trials that it has not seen. More trials, or fewer hyperparameters, "
            "would help.",
            parameters=parameters, data=data,
        )  # fmt: skip
    told = (
        f"From {at}. The model foretells {model.fit:.0%} of the variance of trials that it has not "
        "seen (five folds)."
    )
    if model.fit < WELL:
        told += " So the shares are rough."
    return Analysis(told, model.shares(), parameters, data, model)


def first_two(analysis: Analysis) -> Sequence[Parameter]:
    """The most important ones; fewer if there are not so many."""
    by_name = {parameter.name: parameter for parameter in analysis.parameters}
    return [by_name[name] for name in list(analysis.importance)[:2]]
