"""The plan of a study of forecasts: all settings, checked before anything is started."""

from dataclasses import dataclass

from automl_on_ray.command_line import step
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.forecast import CLASSICAL, SPACE
from automl_on_ray.studies.folds import check_models, planned_by_folds
from automl_on_ray.studies.forecasting.facts import facts_told
from automl_on_ray.studies.forecasting.settings import ForecastSettings, names_in
from automl_on_ray.studies.inputs import (
    check_directions,
    check_fold_scheduler,
    find_space,
    objectives_of,
)
from automl_on_ray.studies.plan import Evaluation, StudyPlan
from automl_on_ray.trainables.forecasting import (
    ForecastKeywords,
    Forecasts,
    Panel,
    load_panel,
)


@dataclass(frozen=True)
class ForecastPlan(StudyPlan):
    """With settings and data of the kind that studies of forecasts have."""

    asked: ForecastSettings
    data: Panel


def prepare(asked: ForecastSettings) -> ForecastPlan:
    """Nothing is started yet; what was read is told. UserError for whatever its user can mend."""
    asked.check()
    space = find_space(asked.space)
    check_models(space, SPACE)
    check_fold_scheduler(asked.scheduler)
    objectives = _objectives(asked.objective)
    with step("Reading the series"):
        panel = load_panel(_keywords(asked))
    trial_kwargs = {"space": space, **panel.keywords()}
    evaluation = Evaluation(
        "trial", Forecasts, space, objectives, asked.trials, panel.folds,
        trial_kwargs=trial_kwargs, starts=_starts(space),
    )  # fmt: skip
    facts = facts_told(panel, asked, objectives)
    plan = planned_by_folds(asked, evaluation, panel, facts)
    return ForecastPlan(**vars(plan))


def _keywords(asked: ForecastSettings) -> ForecastKeywords:
    return ForecastKeywords(
        dataset=asked.dataset, time=asked.time, series=names_in(asked.series),
        target=asked.target, horizon=asked.horizon, season=asked.season,
        frequency=asked.frequency, known=names_in(asked.known_ahead),
        past=names_in(asked.known_past), origins=asked.origins, seed=asked.seed,
        subset=asked.subset,
    )  # fmt: skip


def _starts(space: SearchSpace) -> list[Config]:
    """The space's own start, then the classical methods that it has: they take a moment."""
    models = getattr(space.domains.get("model"), "categories", ())
    classical = [{"model": name} for name in CLASSICAL if name in models]
    return [*([dict(space.start)] if space.start else []), *classical]


def _objectives(text: str) -> tuple[Objective, ...]:
    """UserError for a metric that there is not, and for a search for the worst."""
    objectives = objectives_of(text, Forecasts)
    check_directions(objectives, Forecasts.METRICS)
    return objectives
