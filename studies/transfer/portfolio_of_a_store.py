"""A portfolio of a space and a trainable: what to try first on new data, by all that was tried."""

from collections.abc import Sequence
from dataclasses import dataclass

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, Source
from automl_on_ray.studies.transfer.members import best_and_spread, shared, whole_first, worth_by
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


@dataclass(frozen=True)
class Portfolio:
    """Configs, the one to try first in front, and the data sets that they were found on."""

    configs: tuple[Config, ...]
    sources: tuple[Source, ...]


def stored_portfolio(
    uri: str, space: SearchSpace, trainables: Sequence[str], objective: Objective, count: int
) -> Portfolio:
    """At most `count` configs out of the studies of a store, by `first_configs`.

    A data set is a source, and so is each size of a subset of it. Studies count whose space has
    that name and whose trials ran what has one of the names `trainables`, and older ones that do
    not tell what they ran. UserError with less than two data sets: what did best on one says little
    of others.
    """
    studies = [
        study
        for study in earlier_studies(uri)
        if study.space == space.name and study.trainable in ("", *trainables)
    ]
    found = {
        key: Source(_named(its[0]), trials)
        for key, its in _by_data(studies).items()
        if (trials := _trials(uri, its, space, objective))
    }
    sources = tuple(found.values())
    if len({data for data, _ in found}) < LEAST_DATA_SETS:
        raise UserError(
            f"A portfolio needs studies of space {space.name!r} with {trainables[0]} on "
            f"{LEAST_DATA_SETS} data sets at least that have reported {objective.metric}; {uri} "
            f"has {_listed(sources)}."
        )
    return Portfolio(first_configs(sources, space, objective, count), sources)


def _by_data(studies: Sequence[EarlierStudy]) -> dict[tuple[str, str], list[EarlierStudy]]:
    """By digest, or by name where no study of that name tells one; and by size of the subset."""
    oldest_first = reversed(studies)
    digests = {one.data.name: one.data.digest for one in oldest_first if one.data.digest}
    found: dict[tuple[str, str], list[EarlierStudy]] = {}
    for study in studies:
        data = study.data.digest or digests.get(study.data.name, study.data.name)
        found.setdefault((data, study.subset), []).append(study)
    return found


def _named(study: EarlierStudy) -> str:
    return f"{study.subset} of {study.data.name}" if study.subset else study.data.name


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
    chosen = best_and_spread(whole_first(of_studies), worth_by(objective), MOST_TRIALS)
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
