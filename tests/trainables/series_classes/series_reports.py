"""Reports of a study of series, made of answers that are given."""

import numpy as np

from automl_on_ray.trainables.series_classes import SeriesSet
from automl_on_ray.trainables.series_classes.models import stack
from automl_on_ray.trainables.series_classes.test_report import (
    ENSEMBLE,
    NEAREST,
    ROCKET,
    SeriesReport,
    look_at_test,
)
from tests.trainables.series_classes.made_series import waves


def series_set(count=40):
    parts = []
    for seed in (0, 1):
        series, labels = waves(count, seed=seed)
        parts += [stack(series), np.array(["ab".index(one) for one in labels])]
    return SeriesSet("waves", "0" * 64, ("a", "b"), *parts, folds=(), split="as given")


def answering(data, wrong):
    """Says the truth, but for the first `wrong` test series."""

    def predict(values):
        said = np.where(np.arange(len(values)) < wrong, 1 - data.test_labels, data.test_labels)
        return np.where(said[:, None] == np.arange(2), 0.9, 0.1)

    return predict


def report_of(nearest=20, rocket=4, found=0, *, metric="accuracy") -> SeriesReport:
    """With so many test series wrong of 40."""
    data = series_set()
    wrong = {NEAREST: nearest, ROCKET: rocket, ENSEMBLE: found}
    return look_at_test(
        data, {name: answering(data, number) for name, number in wrong.items()},
        metric=metric, members={"t_1": 1.0}, models={"t_1": "cnn"},
    )  # fmt: skip
