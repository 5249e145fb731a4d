"""The plan of a study of series: all settings, checked before anything is started."""

from dataclasses import dataclass

from automl_on_ray.command_line import step
from automl_on_ray.search_spaces.series import FIRST, SPACE
from automl_on_ray.studies.folds import check_models, members_of, planned_by_folds
from automl_on_ray.studies.inputs import (
    check_directions,
    check_fold_scheduler,
    find_space,
    objectives_of,
)
from automl_on_ray.studies.plan import Evaluation, StudyPlan
from automl_on_ray.studies.series_classes.facts import facts_told
from automl_on_ray.studies.series_classes.settings import SeriesSettings
from automl_on_ray.trainables.series_classes import (
    SeriesClassifier,
    SeriesKeywords,
    SeriesSet,
    load_series,
)


@dataclass(frozen=True)
class SeriesPlan(StudyPlan):
    """With settings and data of the kind that studies of series have."""

    asked: SeriesSettings
    data: SeriesSet


def prepare(asked: SeriesSettings) -> SeriesPlan:
    """Nothing is started yet; what was read is told. UserError for whatever its user can mend."""
    asked.check()
    space = find_space(asked.space)
    check_models(space, SPACE)
    check_fold_scheduler(asked.scheduler)
    objectives = objectives_of(asked.objective, SeriesClassifier)
    check_directions(objectives, SeriesClassifier.METRICS)
    with step("Reading the series"):
        data = load_series(_keywords(asked))
    trial_kwargs = {"space": space, **data.keywords()}
    evaluation = Evaluation(
        "trial", SeriesClassifier, space, objectives, asked.trials, asked.epochs,
        trial_kwargs=trial_kwargs, starts=members_of(FIRST, space),
    )  # fmt: skip
    facts = facts_told(data, asked, objectives)
    plan = planned_by_folds(asked, evaluation, data, facts)
    return SeriesPlan(**vars(plan))


def _keywords(asked: SeriesSettings) -> SeriesKeywords:
    return SeriesKeywords(
        dataset=asked.dataset, test_data=asked.test_data, label=asked.label, series=asked.series,
        time=asked.time, folds=asked.folds, seed=asked.seed, subset=asked.subset,
    )  # fmt: skip
