"""A trial fits a pipeline fold by fold, is stopped anywhere, and ends as if it had not been."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ray import tune

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.tables import SPACE
from automl_on_ray.search_spaces.tables_all import SPACE as ALL
from automl_on_ray.trainables.tables import (
    METRICS,
    FittedPipeline,
    FitTooLong,
    TablePipeline,
    load_table,
    read_progress,
    scores,
)
from automl_on_ray.trainables.tables.models import FitSettings
from tests.trainables.tables.pipelines import config, table

FOLDS = 3
LINEAR = config("linear")
TIMINGS = {"fit_seconds", "predict_seconds"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    features, answers, *_ = table("attrition")
    path = tmp_path_factory.mktemp("data") / "attrition.csv"
    features.assign(left=np.where(answers == 1, "yes", "no")).to_csv(path, index=False)
    return str(path)


def trial(file, chosen=LINEAR, **keywords):
    given = {"space": SPACE, "target": "left", "folds": FOLDS, "seed": 1, **keywords}
    return tune.with_parameters(TablePipeline, dataset=file, **given)(config=dict(chosen))


def judged(report):
    return {key: value for key, value in report.items() if key.startswith(("val_", "test_"))}


def steps(one):
    reports = []
    while not reports or not reports[-1]["done"]:
        reports.append(one.step())
    return reports


def finish(one):
    return [judged(report) for report in steps(one)]


@pytest.fixture(scope="module")
def told(file, tmp_path_factory):
    """All reports of a trial that nobody stopped, and its last checkpoint."""
    one, folder = trial(file), tmp_path_factory.mktemp("whole")
    reports = steps(one)
    one.save_checkpoint(str(folder))
    one.cleanup()
    return reports, folder


@pytest.fixture
def whole(told):
    """The same without times."""
    return [judged(report) for report in told[0]], told[1]


def test_a_step_is_a_fold_but_the_first_which_has_a_third_of_one(file, told):
    first, *others = told[0]
    sizes = [len(rows) for rows, _ in load_table({"dataset": file, "target": "left", "seed": 1,
                                                  "folds": FOLDS}).folds]  # fmt: skip
    assert [report["rows"] for report in others] == sizes
    assert first["rows"] == pytest.approx(sizes[0] / 3, abs=2)
    assert [report["done"] for report in others] == [False, False, True]
    assert set(METRICS["binary"]) == {name.removeprefix("val_") for name in judged(first)}
    assert {*judged(first), *TIMINGS, "model_bytes"} <= set(TablePipeline.METRICS)


def test_held_out_rows_are_judged_in_all_folds_together(file, whole):
    reports, folder = whole
    rows = load_table({"dataset": file, "target": "left", "seed": 1, "folds": FOLDS})
    told = read_progress(folder)
    assert told.folds_done == FOLDS
    assert told.predictions.shape == (len(rows.answers), 2)
    expected = scores("binary", rows.answers, told.predictions.astype("float64"))
    assert reports[-1] == {f"val_{name}": value for name, value in expected.items()}
    assert expected["auc"] > 0.6


def test_each_folds_pipeline_predicts_the_rows_that_it_did_not_see(file, whole):
    _, folder = whole
    rows = load_table({"dataset": file, "target": "left", "seed": 1, "folds": FOLDS})
    told = read_progress(folder).predictions
    for number, (_, held) in enumerate(rows.folds):
        pipeline = FittedPipeline.load(folder / f"fold_{number}")
        again = pipeline.predict(rows.features.iloc[held])
        np.testing.assert_array_equal(again.astype("float32"), told[held])


def test_a_trial_that_is_stopped_after_any_step_ends_the_same(file, whole, tmp_path):
    expected, unstopped = whole
    one, reports = trial(file), []
    for step in range(FOLDS + 1):
        reports.append(judged(one.step()))
        folder = tmp_path / f"{step}"
        folder.mkdir()
        one.save_checkpoint(str(folder))
        one.cleanup()
        one = trial(file)
        one.load_checkpoint(str(folder))
    assert reports == expected
    last = read_progress(unstopped).predictions
    np.testing.assert_array_equal(one._progress.predictions, last)
    assert {path.name for path in folder.iterdir()} == {
        "predictions.npz", *(f"fold_{number}" for number in range(FOLDS))
    }  # fmt: skip


def test_a_process_takes_another_config(file, whole):
    one = trial(file, config("neighbours"))
    one.step()
    assert one.reset_config(dict(LINEAR))
    assert finish(one) == whole[0]


def test_a_trials_own_seed_leaves_the_folds_alone(file):
    chosen = config("lightgbm")
    one, reports = trial(file, chosen, folds=2), []
    for own in ({}, {"seed": 1}, {"seed": 2}):
        assert one.reset_config({**chosen, **own})
        reports.append(finish(one)[-1])
    one.cleanup()
    assert reports[0] == reports[1] != reports[2]


def test_a_final_trial_fits_all_rows_and_looks_at_the_test_part(file, tmp_path):
    one = trial(file, final=True)
    report = one.step()
    one.save_checkpoint(str(tmp_path))
    one.cleanup()
    rows = load_table({"dataset": file, "target": "left", "seed": 1, "folds": FOLDS})
    assert report["done"]
    assert report["rows"] == len(rows.answers)
    told = FittedPipeline.load(tmp_path / "whole").predict(rows.test_features)
    expected = scores("binary", rows.test_answers, told)
    assert judged(report) == pytest.approx({f"test_{n}": v for n, v in expected.items()}, abs=1e-6)
    assert set(judged(report)) <= set(TablePipeline.TEST_METRICS)


def test_numbers_and_many_classes_are_predicted(tmp_path):
    for name in ("ames", "wine"):
        features, answers, task, _ = table(name)
        path = tmp_path / f"{name}.csv"
        features.assign(left=answers).to_csv(path, index=False)
        report = finish(trial(str(path), config("linear"), task=task, folds=2))[-1]
        assert set(report) == {f"val_{metric}" for metric in METRICS[task]}


def test_later_rows_are_held_out_where_there_is_a_time(file, tmp_path):
    features, answers, *_ = table("attrition")
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(answers)), "D")
    path = tmp_path / "dated.csv"
    features.assign(day=days, left=np.where(answers == 1, "yes", "no")).to_csv(path, index=False)
    one = trial(str(path), config("lightgbm"), time="day")
    assert len(finish(one)) == FOLDS + 1
    told = one._progress.predictions
    assert np.isnan(told[0]).all()
    assert not np.isnan(told[-1]).any()


def test_a_fit_that_takes_too_long_fails_the_trial_by_name(file):
    one = trial(file, time_limit=0.01)
    with pytest.raises(FitTooLong, match="longer than its limit"):
        one.step()
    one.cleanup()


def test_a_trial_leaves_nothing_on_the_disk(file):
    one = trial(file)
    one.step()
    folder = Path(one._scratch.name)
    assert folder.exists()
    one.cleanup()
    assert not folder.exists()


def test_a_trial_sweeps_away_what_killed_ones_have_left(file, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    other = trial(file)
    own = Path(other._scratch.name)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / own.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-")
    (left / "data").mkdir(parents=True)
    one = trial(file)
    assert not left.exists()
    assert {path.name for path in tmp_path.glob("automl-table-*")} == {
        own.name, Path(one._scratch.name).name,
    }  # fmt: skip
    one.cleanup()
    other.cleanup()


def test_mistakes_are_told_before_anything_is_fitted(file, monkeypatch):
    with pytest.raises(UserError, match="outside"):
        trial(file, {**LINEAR, "linear_c": -1.0})
    with pytest.raises(TypeError, match="unexpected keyword 'folders'"):
        trial(file, folders=3)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs the package catboost: pip install"):
        trial(file, config("catboost"), space=ALL)


def test_a_checkpoint_that_holds_a_pickle_is_not_read(file, whole, tmp_path):
    shutil.copytree(whole[1], tmp_path / "odd")
    (tmp_path / "odd" / "_dict_checkpoint.pkl").write_bytes(b"anything")
    with pytest.raises(ValueError, match="holds a pickle"):
        trial(file).restore(str(tmp_path / "odd"))


@pytest.mark.parametrize("final", [False, True])
def test_groups_stay_together_in_the_folds_and_within_a_fit(final, tmp_path):
    """What a fit holds out of its own rows to encode by the target is of other groups."""
    features, answers, *_ = table("attrition")
    frame = features.assign(left=np.where(answers == 1, "yes", "no"), team=np.arange(600) % 40)
    frame.to_csv(tmp_path / "teams.csv", index=False)
    chosen = config("lightgbm", boosted_encoding="target")
    one = trial(str(tmp_path / "teams.csv"), chosen, group="team", final=final)
    try:
        one.step()
        own = one.table
        rows, held = own.folds[0]
        assert not set(own.groups[rows]) & set(own.groups[held])
        rows = np.arange(len(own.answers)) if final else one._first_part(rows)
        tested = own.test_features if final else own.features.iloc[held]
        settings = FitSettings("binary", 2, seed=1, groups=own.groups[rows])
        here = FittedPipeline.fit(chosen, own.features.iloc[rows], own.answers[rows], settings)
        made = one._progress.predictions if final else one._progress.predictions[held]
        np.testing.assert_allclose(made, here.predict(tested), rtol=1e-6)
    finally:
        one.cleanup()
