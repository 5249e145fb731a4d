"""A trial fits a classifier fold by fold; the best are weighted by what they held out."""

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.series import NEAREST, ROCKET, SPACE
from automl_on_ray.studies.inputs import taken_of
from automl_on_ray.trainables.folds import read_folds
from automl_on_ray.trainables.series_classes import (
    PROBABILITIES,
    SeriesClassifier,
    load_series,
    weighted,
)
from tests.trainables.series_classes.made_series import write_ts

QUICK = {**ROCKET, "rocket_kernels": 200}


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def data(tmp_path):
    return load_series({"dataset": str(write_ts(tmp_path, count=20)), "folds": 2})


def trial(data, config, **keywords):
    bound = tune.with_parameters(SeriesClassifier, space=SPACE, **data.keywords(), **keywords)
    return bound(config=config)


def test_a_step_is_a_fold_and_its_answers_are_kept(data, tmp_path):
    one = trial(data, QUICK)
    reports = [one.step() for _ in data.folds]
    assert [report["done"] for report in reports] == [False, True]
    assert set(SeriesClassifier.METRICS) <= set(reports[-1])
    assert reports[-1]["val_accuracy"] >= 0.9
    one.save_checkpoint(str(tmp_path))
    held = [arrays[PROBABILITIES] for arrays in read_folds(tmp_path).arrays]
    assert [len(part) for part in held] == [len(out) for _, out in data.folds]


def test_ray_gives_a_trial_all_keywords_of_its_data(data):
    offered = {"space": SPACE, **data.keywords(), "other": 1}
    assert set(taken_of(SeriesClassifier, offered)) == {"space", *data.keywords()}


def test_a_trial_that_was_stopped_ends_the_same(data, tmp_path):
    one, other = trial(data, QUICK), trial(data, QUICK)
    one.step()
    one.save_checkpoint(str(tmp_path))
    other.load_checkpoint(str(tmp_path))
    assert other.step()["val_log_loss"] == one.step()["val_log_loss"]


def test_a_final_trial_reports_the_test_part(data):
    report = trial(data, QUICK, final=True).step()
    assert set(SeriesClassifier.TEST_METRICS) <= set(report)
    assert report["test_accuracy"] >= 0.9


def test_data_that_have_changed_are_refused(data, tmp_path):
    write_ts(tmp_path, count=24)
    with pytest.raises(UserError, match="not those that the study began with"):
        trial(data, NEAREST)


def test_weights_go_to_those_whose_mean_is_best_on_what_was_held_out(data):
    def answers(sure):
        return [
            np.where(data.labels[out][:, None] == np.arange(2), sure, 1 - sure)
            for _, out in data.folds
        ]

    weights = weighted(data, {"good": answers(0.9), "bad": answers(0.2)}, seed=0)
    assert weights == {"good": 1.0}
    assert sum(weighted(data, {"a": answers(0.7), "b": answers(0.7)}, seed=0).values()) == 1.0
