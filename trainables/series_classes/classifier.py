"""Fits a classifier of series fold by fold: what one trial of a study of them does."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

import numpy as np

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.trainables.folds import FoldByFold, Judged
from automl_on_ray.trainables.series_classes.models import FitSettings, fit
from automl_on_ray.trainables.series_classes.series_set import (
    SeriesKeywords,
    SeriesSet,
    load_series,
)
from automl_on_ray.trainables.tables import scores

METRICS = {"accuracy": "max", "balanced_accuracy": "max", "log_loss": "min"}
TESTED = tuple(f"test_{name}" for name in METRICS)
PROBABILITIES = "probabilities"  # the array of a checkpoint
TASK = "multiclass"  # in the words of tables' metrics; two classes too


class SeriesClassifier(FoldByFold):
    """A step fits all folds but one and judges the one; a final trial judges the test part.

    Checkpoints keep `probabilities` (series of the fold, classes), float32.
    """

    METRICS: ClassVar[dict[str, str]] = {
        **{f"val_{name}": way for name, way in METRICS.items()},
        "fit_seconds": "min",  # of all folds so far
        "predict_seconds": "min",  # of 1,000 series, the mean of the folds
    }
    TEST_METRICS: ClassVar[tuple[str, ...]] = TESTED

    data: SeriesSet

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace,
        final: bool = False,
        **series: Unpack[SeriesKeywords],
    ) -> None:
        """UserError if the config is not a member of `space`, or the series cannot be had."""
        super().setup(config, space=space, final=final, **series)

    @classmethod
    def data_keywords(cls) -> type:
        return SeriesKeywords

    @classmethod
    def read_data(cls, keywords: Mapping[str, Any]) -> SeriesSet:
        """The series that trials with these keywords take. UserError if they cannot be had."""
        known = SeriesKeywords.__annotations__
        return load_series({key: value for key, value in keywords.items() if key in known})

    def folds(self) -> int:
        return len(self.data.folds)

    def judge(self, fold: int | None) -> Judged:
        data = self.data
        if fold is None:
            values, labels = data.values, data.labels
            held, answers = data.test_values, data.test_labels
        else:
            fitted, out = data.folds[fold]
            values, labels = data.values[fitted], data.labels[fitted]
            held, answers = data.values[out], data.labels[out]
        settings = FitSettings(len(data.classes), self.fit_seed, self.threads())
        model = fit(self.member, values, labels, settings)
        began = time.perf_counter()
        told = model.predict(held)
        seconds = (time.perf_counter() - began) * 1000 / len(held)
        return Judged(judged(answers, told), {PROBABILITIES: told.astype(np.float32)}, seconds)


def judged(answers: np.ndarray, told: np.ndarray) -> dict[str, float]:
    """METRICS of (n, classes) probabilities for (n,) codes."""
    found = scores(TASK, answers, told.astype(np.float64))
    return {name: found[name] for name in METRICS}
