"""Ends a study of series: weights the best, fits them again, tests them once, makes the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import step
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.search_spaces.series import NEAREST as NEAREST_CONFIG, ROCKET as ROCKET_CONFIG
from automl_on_ray.studies.finish import Final, conclude
from automl_on_ray.studies.folds import looked, of_whole_trials, tell, weighted_configs
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.results import SERIES_REPORT
from automl_on_ray.studies.series_classes.plan import SeriesPlan
from automl_on_ray.studies.series_classes.settings import SeriesSettings
from automl_on_ray.studies.series_classes.whole_trials import held_out_answers
from automl_on_ray.studies.trial_rows import Row, pareto_front
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.series_classes import METRICS, SeriesSet, refitted, weighted
from automl_on_ray.trainables.series_classes.registered import Bagged, Member, final_model_of
from automl_on_ray.trainables.series_classes.test_report import (
    ENSEMBLE,
    NEAREST,
    ROCKET,
    SINGLE,
    SeriesReport,
    lines_of,
    look_at_test,
)

CODE, FOUND = "model_code", "found_model"  # folders in the study's
USUAL = "accuracy"


def finish(plan: SeriesPlan, rows: Sequence[Row], resources: Resources) -> None:
    """As `conclude`, with the scores of trials that did all folds: others' are of other series."""
    asked = plan.asked
    comparable = of_whole_trials(
        rows, asked.epochs, "Give more --minutes, fewer --folds, or a --subset of the series."
    )
    conclude(plan, comparable, resources, ending=Ensembled(asked, plan.data))


@dataclass(frozen=True)
class Ensembled:
    """The ending of a study of series: a weighted few of the best, fitted again and tested once."""

    asked: SeriesSettings
    data: SeriesSet

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
        """None where nothing can be read or fitted. Of several objectives, the front is taken."""
        folder, objectives = plan.study.path, plan.record.objectives
        chosen = pareto_front(ranked, objectives) if len(objectives) > 1 else ranked
        with step("Weighting the best models"):
            held = held_out_answers(plan.study.stage("search"), chosen)
            weights = weighted(self.data, held, self.asked.seed) if held else {}
        if not weights:
            return None
        configs = {row.trial_id: row.config for row in chosen}
        best, threads = next(iter(held)), max(1, int(resources.cpus))
        try:
            # What a former session has found on the test part, if it had the same configs.
            look = looked(
                folder / SERIES_REPORT,
                [configs[best], weighted_configs(weights, configs)],
                lambda: self._look(plan, best, weights, configs, threads).as_dict(),
            )
        except _NothingFittedError:
            return None
        report = SeriesReport.of(look.report)
        metrics = report.metrics()
        return Final(
            metrics=[metrics],
            facts={key: f"{value:.5g}" for key, value in metrics.items()},
            verdict=look.words(),
            found=look.found,
            tell=partial(tell, [*lines_of(report), *look.words()]),
            model=partial(_model, folder, self.data, metrics),
        )

    def _look(
        self,
        plan: StudyPlan,
        best: str,
        weights: Mapping[str, float],
        configs: Mapping[str, Config],
        threads: int,
    ) -> SeriesReport:
        """The model is written to the study's folder."""
        with step("Fitting the best to all training series"):
            fits = _Fits(self.data, self.asked.seed, threads)
            found = fits.bagged(weights, configs)
            if found is None:
                raise _NothingFittedError
            single = fits.bagged({best: 1.0}, configs)
        with step("Fitting 1-NN and ROCKET beside them"):
            known = {NEAREST: NEAREST_CONFIG, ROCKET: ROCKET_CONFIG}
            models = {called: fits.bagged({called: 1.0}, known) for called in known}
        models |= {SINGLE: single, ENSEMBLE: found}
        with step("Testing it on the series that no fit has seen"):
            report = look_at_test(
                self.data,
                {called: model.predict for called, model in models.items() if model is not None},
                metric=_metric(plan),
                members={trial: member.weight for trial, member in found.members.items()},
                models={trial: member.name for trial, member in found.members.items()},
                seed=self.asked.seed,
            )
        found.save(plan.study.path / FOUND)
        return report


class _NothingFittedError(Exception):
    """No member could be fitted to all training series."""


class _Fits:
    """Fits configs to all training series, here, with a trial's share of the machine."""

    def __init__(self, data: SeriesSet, seed: int, threads: int) -> None:
        self.data, self.seed, self.threads = data, seed, threads
        self._known: dict[str, Member] = {}

    def bagged(
        self, weights: Mapping[str, float], configs: Mapping[str, Config]
    ) -> Bagged | None:  # fmt: skip
        """With those members whose fit does not fail; None, and a warning, without any."""
        members = {}
        for name, weight in weights.items():
            member = self._member(name, configs[name])
            if member is not None:
                members[name] = replace(member, weight=weight)
        if not members:
            return None
        data = self.data
        return Bagged(members, classes=data.classes, channels=data.values.shape[1])

    def _member(self, name: str, config: Config) -> Member | None:
        if name not in self._known:
            try:
                model = refitted(self.data, config, seed=self.seed, threads=self.threads)
            except (RuntimeError, MemoryError, ValueError, ArithmeticError) as error:
                warn(
                    f"{name} could not be fitted to all training series, so it is left out: {error}"
                )
                return None
            self._known[name] = Member(1.0, str(config["model"]), model)
        return self._known[name]


def _metric(plan: StudyPlan) -> str:
    """The first objective, or accuracy where that is a cost."""
    name = plan.record.objectives[0].metric.removeprefix("val_")
    return name if name in METRICS else USUAL


def _model(folder: Path, data: SeriesSet, metrics: Mapping[str, float]) -> FinalModel:
    found = Bagged.load(folder / FOUND)
    return final_model_of(found, data, metrics, folder=folder / CODE)
