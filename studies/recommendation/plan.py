"""The plan of a study of a recommender: all settings, checked before anything is started."""

from dataclasses import dataclass

from automl_on_ray.command_line import step
from automl_on_ray.search_spaces.recommend import SPACE
from automl_on_ray.studies.folds import check_models, planned_by_folds
from automl_on_ray.studies.inputs import (
    check_directions,
    check_fold_scheduler,
    find_space,
    objectives_of,
)
from automl_on_ray.studies.plan import Evaluation, StudyPlan
from automl_on_ray.studies.recommendation.baselines import first_configs
from automl_on_ray.studies.recommendation.facts import facts_told
from automl_on_ray.studies.recommendation.settings import RecommendSettings
from automl_on_ray.trainables.recommendation import (
    EventKeywords,
    Events,
    Recommendations,
    load_events,
)


@dataclass(frozen=True)
class RecommendPlan(StudyPlan):
    """With settings and data of the kind that studies of recommenders have."""

    asked: RecommendSettings
    data: Events


def prepare(asked: RecommendSettings) -> RecommendPlan:
    """Nothing is started yet; what was read is told. UserError for whatever its user can mend."""
    asked.check()
    space = find_space(asked.space)
    check_models(space, SPACE)
    check_fold_scheduler(asked.scheduler)
    objectives = objectives_of(asked.objective, Recommendations)
    check_directions(objectives, Recommendations.METRICS)
    with step("Reading the events"):
        events = load_events(_keywords(asked))
    trial_kwargs = {"space": space, **events.keywords()}
    evaluation = Evaluation(
        "trial", Recommendations, space, objectives, asked.trials, asked.epochs,
        trial_kwargs=trial_kwargs, starts=first_configs(space) if asked.baselines else (),
    )  # fmt: skip
    facts = facts_told(events, asked, objectives)
    plan = planned_by_folds(asked, evaluation, events, facts)
    return RecommendPlan(**vars(plan))


def _keywords(asked: RecommendSettings) -> EventKeywords:
    return EventKeywords(
        dataset=asked.dataset, user=asked.user, item=asked.item, time=asked.time,
        rating=asked.rating, split=asked.split, folds=asked.folds, core=asked.core,
        seed=asked.seed, subset=asked.subset,
    )  # fmt: skip
