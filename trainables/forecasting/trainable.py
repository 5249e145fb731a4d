"""A forecaster fitted origin by origin: what one trial of a study of series does."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack, cast

import numpy as np

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.trainables.folds import FoldByFold, Judged
from automl_on_ray.trainables.forecasting.metrics import scores
from automl_on_ray.trainables.forecasting.models import FitSettings, fit
from automl_on_ray.trainables.forecasting.panel import ForecastKeywords, Panel, load_panel

FORECASTS = "forecasts"


class Forecasts(FoldByFold):
    """A step fits what comes before one origin, and forecasts the `horizon` steps after it.

    Origins go back from the test part. `val_coverage`, the share of the truth between the levels
    0.1 and 0.9, is reported too: 0.8 is right, so it has no better direction. The forecasts
    (series, horizon, levels), float32, are kept of each origin, as FORECASTS.
    """

    STEP: ClassVar[str] = "origin"
    METRICS: ClassVar[dict[str, str]] = {
        "val_mase": "min",
        "val_smape": "min",
        "val_wql": "min",
        "fit_seconds": "min",  # of all origins so far, with their forecasts
        "predict_seconds": "min",  # of all series, one origin; the mean
    }
    TEST_METRICS: ClassVar[tuple[str, ...]] = (
        "test_mase", "test_smape", "test_wql", "test_coverage",
    )  # fmt: skip

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace,
        final: bool = False,
        **series: Unpack[ForecastKeywords],
    ) -> None:
        """UserError if the config is not a member of `space`, or the series cannot be had."""
        super().setup(config, space=space, final=final, **series)

    @classmethod
    def data_keywords(cls) -> type:
        return ForecastKeywords

    @classmethod
    def read_data(cls, keywords: Mapping[str, Any]) -> Panel:
        """The series that trials with these keywords take. UserError if they cannot be had."""
        known = ForecastKeywords.__annotations__
        own = {key: value for key, value in keywords.items() if key in known}
        return load_panel(cast(ForecastKeywords, own))

    def folds(self) -> int:
        panel: Panel = self.data
        return panel.folds

    def judge(self, fold: int | None) -> Judged:
        """ValueError, and the trial has failed, if the series are too short for the model."""
        panel: Panel = self.data
        history, _ = panel.history(fold)
        forecaster = fit(self.member, history, FitSettings(self.fit_seed, self.threads()))
        started = time.perf_counter()
        forecasts = forecaster.predict(history)
        seconds = time.perf_counter() - started
        found = scores(forecasts, panel.truth(fold), history)
        return Judged(found, {FORECASTS: forecasts.astype(np.float32)}, predict_seconds=seconds)
