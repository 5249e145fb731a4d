"""A portfolio of a space and a trainable: what to try first on new data, by all that was tried."""

from collections.abc import Sequence
from dataclasses import dataclass

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, Source
from automl_on_ray.studies.transfer.members import best_and_spread, shared, whole_first
from automl_on_ray.studies.transfer.portfolio import first_configs
from automl_on_ray.tracking.store import (
    EarlierStudy,
    EarlierTrial,
    earlier_studies,
    earlier_trials,
    with_configs,
)

ROLES = ("trial", "standalone")  # of trials that train a member by itself
LEAST_DATA_SETS = 2
MOST_TRIALS = 200  # of one data set
ENOUGH = 10  # whole trials, beside which those that were stopped early are not needed


@dataclass(frozen=True)
class Portfolio:
    """Configs, the one to try first in front, and the data sets that they were found on."""

    configs: tuple[Config, ...]
    sources: tuple[Source, ...]


def stored_portfolio(
    uri: str, space: SearchSpace, trainables: Sequence[str], objective: Objective, count: int
) -> Portfolio:
    """At most `count` configs out of the studies of a store, by `first_configs`.

    A data set is a source. Studies count whose space has that name and whose trials ran what has
    one of the names `trainables`, and older ones that do not tell what they ran. UserError with
    less than two data sets: what did best on one says little of others.
    """
    studies = [
        study
        for study in earlier_studies(uri)
        if study.space == space.name and study.trainable in ("", *trainables)
    ]
    by_data: dict[tuple[str, str], list[EarlierStudy]] = {}
    for study in studies:
        by_data.setdefault((study.data.name, study.data.digest), []).append(study)
    sources = [
        Source(name, trials)
        for (name, _), its in by_data.items()
        if (trials := _trials(uri, its, space, objective))
    ]
    if len(sources) < LEAST_DATA_SETS:
        raise UserError(
            f"A portfolio needs studies of space {space.name!r} with {trainables[0]} on "
            f"{LEAST_DATA_SETS} data sets at least that have reported {objective.metric}; {uri} "
            f"has {_listed(sources)}."
        )
    return Portfolio(first_configs(sources, space, objective, count), tuple(sources))


def _trials(
    uri: str, studies: Sequence[EarlierStudy], space: SearchSpace, objective: Objective
) -> tuple[PriorTrial, ...]:
    """Of all studies on one data set, those that fit the space of today."""
    of_studies = [
        trial
        for role in ROLES
        for trials in earlier_trials(uri, studies, [objective.metric], role).values()
        for trial in trials
    ]
    chosen = best_and_spread(whole_first(of_studies, ENOUGH), objective, MOST_TRIALS)
    return tuple(
        PriorTrial(config, {trial.step: trial.metrics})
        for trial in with_configs(uri, chosen)
        if (config := _fitting(space, trial)) is not None
    )


def _fitting(space: SearchSpace, trial: EarlierTrial) -> Config | None:
    try:
        return shared(space, trial.config or {})
    except UserError:
        return None


def _listed(sources: Sequence[Source]) -> str:
    return f"{', '.join(source.name for source in sources)} alone" if sources else "none"
