"""Pipelines are fitted to real tables, stored without code, and predict what was not fitted."""

import json

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings, strategies as st
from sklearn.gaussian_process import kernels
from sklearn.metrics import roc_auc_score

from automl_on_ray.search_spaces.tables_all import SPACE
from automl_on_ray.trainables.tables import FittedPipeline
from automl_on_ray.trainables.tables.models import FitSettings
from tests.trainables.tables.pipelines import CONFIGS, config, dated, table

every_model = pytest.mark.parametrize("model", CONFIGS)


def fitted(chosen, features, answers, task, classes, **settings):
    return FittedPipeline.fit(chosen, features, answers, FitSettings(task, classes, **settings))


def halves(name):
    features, answers, task, classes = table(name)
    half = len(answers) // 2 if name != "wine" else slice(None, None, 2)
    own = half if isinstance(half, slice) else slice(half)
    held = slice(1, None, 2) if isinstance(half, slice) else slice(half, None)
    return (features.iloc[own], answers[own], task, classes), features.iloc[held], answers[held]


@every_model
@pytest.mark.parametrize("name", ["attrition", "wine", "ames"])
def test_a_model_learns_and_predicts_the_same_after_it_was_stored(model, name, tmp_path):
    rows, held, answers = halves(name)
    pipeline = fitted(config(model), *rows)
    told = pipeline.predict(held)
    pipeline.save(tmp_path)
    np.testing.assert_array_equal(FittedPipeline.load(tmp_path).predict(held), told)
    if name == "ames":
        assert told.shape == answers.shape
        assert np.mean((told - answers) ** 2) < 0.5 * answers.var()
    elif name == "wine":
        np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-6)
        assert np.mean(told.argmax(axis=1) == answers) > 0.85
    else:
        np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-6)
        assert roc_auc_score(answers, told[:, 1]) > 0.6


@every_model
def test_a_seed_decides_what_is_learned(model):
    rows, held, _ = halves("attrition")
    one, two = (fitted(config(model), *rows, seed=3).predict(held) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@every_model
def test_unseen_categories_missing_values_and_other_order_of_columns_are_predicted_for(model):
    features, answers = dated(), np.arange(60) % 2
    pipeline = fitted(config(model), features, answers, "binary", 2)
    new = dated(5, seed=1)[["date", "word", "empty", "constant", "number"]]
    new.loc[0] = [pd.NaT, np.nan, np.nan, np.nan, np.nan]
    new.loc[1, "word"] = "never seen"
    new.loc[2, ["number", "empty"]] = [1e300, 5.0]
    assert pipeline.predict(new).shape == (5, 2)
    same_order = pipeline.predict(new[features.columns])
    np.testing.assert_array_equal(pipeline.predict(new), same_order)


@every_model
def test_a_class_with_one_row_and_one_without_any_are_no_hindrance(model, tmp_path):
    answers = np.arange(60) % 2
    answers[5] = 3
    pipeline = fitted(config(model), dated(), answers, "multiclass", 5)
    told = pipeline.predict(dated(5, seed=1))
    assert told.shape == (5, 5)
    assert not told[:, [2, 4]].any()
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-6)
    pipeline.save(tmp_path)
    np.testing.assert_array_equal(FittedPipeline.load(tmp_path).predict(dated(5, seed=1)), told)


@every_model
def test_two_classes_of_three_are_told_apart(model, tmp_path):
    features, answers, *_ = table("wine")
    rows = answers != 1
    pipeline = fitted(config(model), features[rows], answers[rows], "multiclass", 3)
    pipeline.save(tmp_path)
    told = FittedPipeline.load(tmp_path).predict(features[rows])
    assert np.mean(told.argmax(axis=1) == answers[rows]) > 0.95


def test_rows_of_one_class_need_no_model(tmp_path):
    pipeline = fitted(config("linear"), dated(), np.ones(60, dtype=int), "multiclass", 3)
    pipeline.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["pipeline.json"]
    told = FittedPipeline.load(tmp_path).predict(dated(2))
    np.testing.assert_array_equal(told, [[0, 1, 0], [0, 1, 0]])


@every_model
def test_numbers_that_are_all_alike_are_predicted_as_such(model):
    pipeline = fitted(config(model), dated(), np.full(60, 7.0), "regression", 0)
    np.testing.assert_allclose(pipeline.predict(dated(5, seed=1)), 7.0, atol=1e-4)


@settings(max_examples=12)
@given(seed=st.integers(0, 2**32), task=st.sampled_from(["binary", "multiclass", "regression"]))
def test_every_member_of_the_space_can_be_fitted(seed, task):
    member = SPACE.sample(np.random.default_rng(seed))
    if member["model"] == "network":  # its size is a matter of time alone
        member |= {"network_width": 64, "network_heads": 8}
    answers = {"binary": np.arange(60) % 2, "multiclass": np.arange(60) % 3,
               "regression": np.arange(60) / 7}[task]  # fmt: skip
    classes = {"binary": 2, "multiclass": 3, "regression": 0}[task]
    told = fitted(member, dated(), answers, task, classes).predict(dated(5, seed=1))
    assert told.shape == ((5, classes) if classes else (5,))
    assert np.isfinite(told).all()


def test_a_column_that_is_missing_is_named():
    pipeline = fitted(config("linear"), dated(), np.arange(60) % 2, "binary", 2)
    with pytest.raises(KeyError, match="word"):
        pipeline.predict(dated().drop(columns="word"))


@pytest.mark.parametrize("file", ["preparation.skops", "model.skops"])
def test_a_file_with_types_of_others_is_not_read(file, tmp_path):
    fitted(config("linear"), dated(), np.arange(60) % 2, "binary", 2).save(tmp_path)
    skops.io.dump(kernels.RBF(), tmp_path / file)
    with pytest.raises(ValueError, match=r"holds sklearn\.gaussian_process\.kernels\.RBF"):
        FittedPipeline.load(tmp_path)


def test_a_name_of_a_model_cannot_lead_to_other_modules(tmp_path):
    fitted(config("linear"), dated(), np.arange(60) % 2, "binary", 2).save(tmp_path)
    facts = json.loads((tmp_path / "pipeline.json").read_text())
    (tmp_path / "pipeline.json").write_text(json.dumps({**facts, "model": "..fold_fit"}))
    with pytest.raises(ValueError, match="is no model"):
        FittedPipeline.load(tmp_path)


@pytest.mark.parametrize("model", ["lightgbm", "catboost", "xgboost", "network"])
def test_a_model_whose_time_is_up_keeps_what_it_has(model):
    rows, held, _ = halves("attrition")
    slow = {"boosted_learning_rate": 0.01} if model != "network" else {}
    in_time = fitted(config(model, **slow), *rows)
    cut = fitted(config(model, **slow), *rows, time_limit=0.0)
    assert np.isfinite(cut.predict(held)).all()
    spread = [pipeline.predict(held)[:, 1].std() for pipeline in (cut, in_time)]
    assert spread[0] != spread[1]
