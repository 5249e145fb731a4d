"""Ends a study of forecasts: weights the best trials, tests them once, makes the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import step
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.studies.finish import Final, conclude
from automl_on_ray.studies.folds import Look, looked, of_whole_trials, tell, weighted_configs
from automl_on_ray.studies.forecasting.fitted import Fits
from automl_on_ray.studies.forecasting.held_out import held_out_forecasts
from automl_on_ray.studies.forecasting.look import JUDGED, Forecasted, look_at_test
from automl_on_ray.studies.forecasting.plan import ForecastPlan
from automl_on_ray.studies.forecasting.report import ForecastReport
from automl_on_ray.studies.forecasting.words import lines_of
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.results import FORECAST_REPORT
from automl_on_ray.studies.trial_rows import Row, pareto_front
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.folds import member_and_seed
from automl_on_ray.trainables.forecasting import (
    Bagged,
    Panel,
    blended,
    columns_of,
    final_model_of,
    load,
    select,
)

CODE, FITTED = "model_code", "fitted"  # folders in the study's
SINGLE, ENSEMBLE = "best single", "ensemble"


def finish(plan: ForecastPlan, rows: Sequence[Row], resources: Resources) -> None:
    """As `conclude`, with the scores of trials that did all origins: others' are of other times."""
    comparable = of_whole_trials(
        rows, plan.data.folds, "Give more --minutes, fewer --origins, or a --subset of the series."
    )
    conclude(plan, comparable, resources, ending=Ensembled(plan.data, plan.asked.seed))


@dataclass(frozen=True)
class Ensembled:
    """The ending of a study of forecasts: a weighted ensemble, fitted again and tested once.

    Weights are from steps that were held out at earlier origins. Members are fitted again to all
    that comes before the test part.
    """

    panel: Panel
    seed: int

    def name(self, plan: StudyPlan, ranked: Sequence[Row]) -> str:
        """More trials than before are another ensemble."""
        return f"{ENSEMBLE} of {len(ranked)} trials with {ranked[0].trial_id} first"

    def make(
        self,
        plan: StudyPlan,
        ranked: Sequence[Row],
        rows: Sequence[Row],
        resources: Resources,
        tracking: TrackingCallback,
    ) -> Final | None:
        """None where nothing can be fitted again. Of several objectives, the front is weighted."""
        objectives = plan.record.objectives
        chosen = pareto_front(ranked, objectives) if len(objectives) > 1 else ranked
        held = held_out_forecasts(plan.study.stage("search"), chosen)
        if not held:
            return None
        with step("Weighting the best configs"):
            weights = select(held, self.panel)
        fits = Fits(self.panel, plan.study.path / FITTED, resources)
        configs = {row.trial_id: row.config for row in ranked}
        asked = {one: self._member(plan, configs[one]) for one in (next(iter(held)), *weights)}
        with step("Fitting the best configs to all steps before the test part"):
            made = fits.again(asked)
        weights = _of_those(weights, made)
        if not weights:
            warn("No config could be fitted again, so there is no model.")
            return None
        with step("Forecasting by seasonal naive, Theta and ETS"):
            baselines = fits.baselines()
        look = self._tested(plan, configs, baselines, made, weights)
        report = ForecastReport.of(look.report)
        metrics = report.metrics()
        return Final(
            metrics=[metrics],
            facts={name: f"{value:.5g}" for name, value in metrics.items()},
            verdict=look.words(),
            found=look.found,
            tell=partial(tell, [*lines_of(report), *look.words()]),
            model=partial(self._model, plan, fits, weights, metrics),
        )

    def _member(self, plan: StudyPlan, config: Config) -> tuple[Config, int]:
        member, seed = member_and_seed(plan.evaluation.space, config)
        return member, self.seed if seed is None else seed

    def _tested(
        self,
        plan: StudyPlan,
        configs: Mapping[str, Config],
        baselines: Mapping[str, Forecasted],
        made: Mapping[str, Forecasted],
        weights: Mapping[str, float],
    ) -> Look:
        """What a former session has found on the test part, if it had the same configs."""
        single = next(iter(made))
        given = {**baselines, SINGLE: made[single], ENSEMBLE: _blended(made, weights)}

        def look() -> Mapping[str, Any]:
            models = {trial: str(configs[trial].get("model", "")) for trial in weights}
            return look_at_test(
                self.panel, given,
                baselines=tuple(baselines), metric=_metric(plan), members=weights,
                models=models, seed=self.seed,
            ).as_dict()  # fmt: skip

        found = [configs[single], weighted_configs(weights, configs)]
        return looked(plan.study.path / FORECAST_REPORT, found, look)

    def _model(
        self,
        plan: StudyPlan,
        fits: Fits,
        weights: Mapping[str, float],
        metrics: Mapping[str, float],
    ) -> FinalModel:
        members = {trial: (weight, load(fits.model(trial))) for trial, weight in weights.items()}
        bagged = Bagged(members, columns_of(self.panel))
        return final_model_of(bagged, self.panel, metrics, folder=plan.study.path / CODE)


def _metric(plan: StudyPlan) -> str:
    """The one that is compared: the first objective, or MASE where that is a cost."""
    name = plan.record.objectives[0].metric.removeprefix("val_")
    return name if name in JUDGED else JUDGED[0]


def _of_those(weights: Mapping[str, float], made: Mapping[str, Forecasted]) -> dict[str, float]:
    """Weights of what could be made; their sum is 1."""
    known = {trial: weight for trial, weight in weights.items() if trial in made}
    return {trial: weight / sum(known.values()) for trial, weight in known.items()}


def _blended(made: Mapping[str, Forecasted], weights: Mapping[str, float]) -> Forecasted:
    mean = blended({trial: one.forecast for trial, one in made.items()}, weights)
    return Forecasted(mean, sum(made[trial].seconds or 0.0 for trial in weights))
