"""Ends a study of a table: weights the best pipelines, tests them once, makes the model."""

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
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.results import TABLE_REPORT
from automl_on_ray.studies.tables.plan import TablePlan
from automl_on_ray.studies.tables.settings import AutomlSettings
from automl_on_ray.studies.tables.whole_trials import WholeTrials
from automl_on_ray.studies.trial_rows import Row, pareto_front
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.tables import (
    LINEAR_CONFIG,
    METRICS,
    USUAL,
    Bagged,
    FitFailed,
    FittedPipeline,
    FitTooLarge,
    FitTooLong,
    Table,
    final_model_of,
    refit,
    single,
)
from automl_on_ray.trainables.tables.test_report import (
    ENSEMBLE,
    LINEAR,
    SINGLE,
    TableReport,
    Tried,
    lines_of,
    look_at_test,
)

CODE = "model_code"  # a folder in the study's: what the registered model brings along
REFIT = "refit"
LIMITS = (FitTooLong.__name__, FitTooLarge.__name__)  # of one fit


def finish(plan: TablePlan, rows: Sequence[Row], resources: Resources) -> None:
    """As `conclude`, with the scores of trials that did all folds: others' are of other rows.

    A fit that was ended by its limit is no failure of the study's.
    """
    asked = plan.asked
    comparable = of_whole_trials(
        rows, asked.epochs, "Give more --minutes, fewer --folds, or a --subset of the rows.", LIMITS
    )
    conclude(plan, comparable, resources, ending=Ensembled(asked, plan.data))


@dataclass(frozen=True)
class Ensembled:
    """The ending of a study of a table: a weighted ensemble of fold models, tested once.

    With --time its members are fitted again to all training rows, in the place of fold models.
    With --refit the model is the best pipeline alone, fitted again to all training rows.
    """

    asked: AutomlSettings
    table: Table

    def name(self, plan: StudyPlan, ranked: Sequence[Row]) -> str:
        """More trials than before are another ensemble."""
        kind = REFIT if self.asked.refit else ENSEMBLE
        return f"{kind} of {len(ranked)} trials with {ranked[0].trial_id} first"

    def make(
        self,
        plan: StudyPlan,
        ranked: Sequence[Row],
        rows: Sequence[Row],
        resources: Resources,
        tracking: TrackingCallback,
    ) -> Final | None:
        """None where no checkpoint can be read. Of several objectives, the front is weighted."""
        objectives = plan.record.objectives
        chosen = pareto_front(ranked, objectives) if len(objectives) > 1 else ranked
        with WholeTrials(self.table, plan.study.stage("search"), chosen) as trials:
            if not trials.ids:
                return None
            with step("Weighting the best pipelines"):
                weights = trials.weights(self._metric(plan), self.asked.seed)
            answering = {
                SINGLE: trials.bagged({trials.ids[0]: 1.0}),
                ENSEMBLE: trials.bagged(weights),
            }
        fits = _Fits(self.table, self.asked.seed, plan.trial_kwargs["time_limit"], resources)
        if self.asked.time is not None:
            with step("Fitting the members to all training rows"):
                answering = fits.again(answering, {row.trial_id: row.config for row in ranked})
        if self.asked.refit:
            with step("Fitting the best pipeline to all training rows"):
                answering |= fits.fit(REFIT, ranked[0].trial_id, ranked[0].config)
        given = list(answering.values())[-1]
        look = self._tested(plan, rows, answering, fits)
        report = TableReport.of(look.report)
        metrics = report.metrics()
        return Final(
            metrics=[metrics],
            facts={name: f"{value:.5g}" for name, value in metrics.items()},
            verdict=look.words(),
            found=look.found,
            tell=partial(tell, [*lines_of(report), *look.words()]),
            model=partial(self._model, plan, given, metrics),
        )

    def _metric(self, plan: StudyPlan) -> str:
        """The first objective, or the usual one where that is a cost."""
        name, task = plan.record.objectives[0].metric.removeprefix("val_"), self.table.task
        return name if name in METRICS[task] else USUAL[task].removeprefix("-")

    def _tested(
        self,
        plan: StudyPlan,
        rows: Sequence[Row],
        answering: Mapping[str, Bagged],
        fits: "_Fits",
    ) -> Look:
        """What a former session has found on the test part, if it had the same configs."""
        weights = {called: _weights(model) for called, model in answering.items()}
        first = plan.record.objectives[0].metric

        def look() -> Mapping[str, Any]:
            models = {**fits.fit(LINEAR, LINEAR, LINEAR_CONFIG), **answering}
            return look_at_test(
                self.table,
                {called: model.predict for called, model in models.items()},
                metric=self._metric(plan),
                tried=[Tried(row.trial_id, row.config, row.metrics.get(first))
                       for row in rows],
                members=list(weights.values())[-1],
                seed=self.asked.seed,
            ).as_dict()  # fmt: skip

        configs = {row.trial_id: row.config for row in rows}
        found = {called: weighted_configs(own, configs) for called, own in weights.items()}
        with step("Testing, and measuring what each column matters"):
            return looked(plan.study.path / TABLE_REPORT, found, look)

    def _model(self, plan: StudyPlan, given: Bagged, metrics: Mapping[str, float]) -> FinalModel:
        return final_model_of(given, self.table, metrics, folder=plan.study.path / CODE)


@dataclass(frozen=True)
class _Fits:
    """Fits pipelines to all training rows, here, with a trial's share of the machine."""

    table: Table
    seed: int
    time_limit: float | None
    resources: Resources

    def fit(self, name: str, trial: str, config: Config) -> dict[str, Bagged]:
        """By that name; none, and a warning, where the fit fails: the study's end does without."""
        fitted = self._fitted(config, f"There is no {name} model to compare with")
        return {name: single(self.table, trial, fitted)} if fitted else {}

    def again(
        self, models: Mapping[str, Bagged], configs: Mapping[str, Config]
    ) -> dict[str, Bagged]:
        """The models with members of all rows. Fold models of rows in time know the early ones.

        A member whose fit fails is left out, with a warning. Without any left, the model stays.
        """
        trials = dict.fromkeys(trial for model in models.values() for trial in model.members)
        found = {t: self._fitted(configs[t], f"Trial {t} is left out") for t in trials}
        known = {trial: fitted for trial, fitted in found.items() if fitted is not None}
        return {name: self._of_those(model, known, name) for name, model in models.items()}

    def _of_those(self, model: Bagged, known: Mapping[str, FittedPipeline], name: str) -> Bagged:
        weights = {t: weight for t, (weight, _) in model.members.items() if t in known}
        if not weights:
            warn(f"The {name} model stays with its fold models, which know no late rows.")
            return model
        total = sum(weights.values())
        members = {trial: (weight / total, [known[trial]]) for trial, weight in weights.items()}
        return Bagged(
            members, classes=model.classes, kinds=model.kinds, formats=model.formats
        )  # fmt: skip

    def _fitted(self, config: Config, otherwise: str) -> FittedPipeline | None:
        threads = max(1, int(self.resources.cpus))
        try:
            return refit(
                self.table, config, seed=self.seed, threads=threads, time_limit=self.time_limit
            )
        except FitFailed as error:
            warn(f"{otherwise}: {error}")
            return None


def _weights(model: Bagged) -> dict[str, float]:
    return {trial: weight for trial, (weight, _) in model.members.items()}
