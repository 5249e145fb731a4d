"""Ends a study of a recommender: fits the best again, compares it once, makes the model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import step
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import warn
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.studies.finish import Final, conclude
from automl_on_ray.studies.folds import Look, looked, of_whole_trials, tell
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.recommendation.baselines import at_their_best
from automl_on_ray.studies.recommendation.plan import RecommendPlan
from automl_on_ray.studies.recommendation.settings import RecommendSettings
from automl_on_ray.studies.results import RECOMMEND_REPORT
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.recommendation import (
    Events,
    FitSettings,
    Recommender,
    final_model_of,
    fit,
)
from automl_on_ray.trainables.recommendation.test_report import (
    FOUND,
    OF_USERS,
    RecommendReport,
    lines_of,
    look_at_test,
)

CODE = "model_code"  # a folder in the study's: what the registered model brings along
LIMIT = MemoryError.__name__  # of one fit


def finish(plan: RecommendPlan, rows: Sequence[Row], resources: Resources) -> None:
    """As `conclude`, with the scores of trials that did all folds: others' are of other users.

    A model that was too large for its node is no failure of the study's.
    """
    comparable = of_whole_trials(
        rows,
        plan.asked.epochs,
        "Give more --minutes, fewer --folds, or a --subset of the users.",
        (LIMIT,),
    )
    conclude(plan, comparable, resources, ending=Recommended(plan.asked, plan.data, rows))


@dataclass(frozen=True)
class Recommended:
    """The ending of a study of a recommender: the best config beside the classical methods.

    All are fitted to what comes before the test part. Of `trials` comes what each method is at its
    best.
    """

    asked: RecommendSettings
    events: Events
    trials: Sequence[Row]

    def name(self, plan: StudyPlan, ranked: Sequence[Row]) -> str:
        """More trials than before may have found another."""
        return f"best of {len(ranked)} trials: {ranked[0].trial_id}"

    def make(
        self,
        plan: StudyPlan,
        ranked: Sequence[Row],
        rows: Sequence[Row],
        resources: Resources,
        tracking: TrackingCallback,
    ) -> Final | None:
        """None where the best fit no node's memory any more, as there is more to learn from."""
        fits = _Fits(self.events, self.asked.seed, resources)
        try:
            look = self._tested(plan, ranked[0].config, fits)
        except MemoryError:
            return None
        report = RecommendReport.of(look.report)
        metrics = report.metrics()
        return Final(
            metrics=[metrics],
            facts={name: f"{value:.5g}" for name, value in metrics.items()},
            verdict=look.words(),
            found=look.found,
            tell=partial(tell, [*lines_of(report), *look.words()]),
            model=partial(self._model, plan, ranked[0].config, fits, metrics),
        )

    def _tested(self, plan: StudyPlan, found: Config, fits: "_Fits") -> Look:
        """What a former session has found on the test part, if it was of the same config.

        The classical methods stay beside it as they were then: their configs alone are no reason
        to look again. MemoryError where there is none for what was found.
        """
        objectives = plan.record.objectives
        configs = {**at_their_best(self.trials, objectives), FOUND: found}
        first = objectives[0].metric.removeprefix("val_")
        metric = first if first in OF_USERS else OF_USERS[0]

        def look() -> Mapping[str, Any]:
            fitted = {}
            for called, config in configs.items():
                try:
                    fitted[called] = fits.fitted(config)
                except MemoryError as error:
                    warn(f"There is no {called} model to compare: {error}")
                    if called == FOUND:
                        raise
            return look_at_test(
                self.events, fitted, configs, metric=metric, seed=self.asked.seed
            ).as_dict()  # fmt: skip

        with step("Fitting to all before the test part, and testing"):
            return looked(plan.study.path / RECOMMEND_REPORT, found, look)

    def _model(
        self, plan: StudyPlan, config: Config, fits: "_Fits", metrics: Mapping[str, float]
    ) -> FinalModel:
        return final_model_of(
            partial(fits.fitted, config), config, self.events, metrics,
            folder=Path(plan.study.path, CODE),
        )  # fmt: skip


class _Fits:
    """Fits recommenders to all before the test part, here, with a trial's share of the machine."""

    def __init__(self, events: Events, seed: int, resources: Resources) -> None:
        self._events, self._seed = events, seed
        self._threads = max(1, int(resources.cpus))
        self._made: dict[str, Recommender] = {}

    def fitted(self, config: Config) -> Recommender:
        """Once, and the same each time. MemoryError where that is too small."""
        key = json.dumps(config, sort_keys=True)
        if key not in self._made:
            own = {name: value for name, value in config.items() if name != "seed"}
            settings = FitSettings(int(config.get("seed", self._seed)), self._threads)
            self._made[key] = fit(own, self._events.seen(None), settings)
        return self._made[key]
