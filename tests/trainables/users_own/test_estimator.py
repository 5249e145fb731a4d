"""A scikit-learn estimator is cross-validated fold by fold, and kept in a file without code."""

import json
import zipfile
from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
import skops.io
from ray import tune
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier, kernels
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.users_own import (
    CrossValidated,
    EstimatorTrainable,
    load_estimator,
)

X, Y = load_iris(return_X_y=True)
MODEL = make_pipeline(StandardScaler(), LogisticRegression())


def trial(estimation, config, **keywords):
    return tune.with_parameters(EstimatorTrainable, cross_validated=estimation, **keywords)(
        config=config
    )


def test_each_step_adds_a_fold_to_the_mean_as_scikit_learn_would(tmp_path):
    estimation = CrossValidated(MODEL, X, Y, ["accuracy"])
    one = trial(estimation, {"logisticregression": {"C": 0.01}}, seed=3)
    told = [one.train() for _ in range(2)]
    saved = one.save(str(tmp_path))
    one.stop()
    other = trial(estimation, {"logisticregression__C": 0.01}, seed=3)
    other.restore(saved)
    told += [other.train() for _ in range(3)]
    other.stop()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
    scores = cross_val_score(model, X, Y, cv=estimation.splits(3))
    means = [np.mean(scores[: count + 1]) for count in range(5)]
    assert [each["accuracy"] for each in told] == pytest.approx(means)
    assert [each["done"] for each in told] == [False] * 4 + [True]


def test_a_process_takes_another_config():
    one = trial(CrossValidated(MODEL, X, Y, ["accuracy"]), {"logisticregression__C": 1e-6})
    weak = one.train()["accuracy"]
    assert one.reset_config({"logisticregression__C": 1.0})
    assert one.train()["accuracy"] > weak
    one.stop()


def test_a_final_trial_fits_all_rows_tests_once_and_keeps_the_model(tmp_path):
    estimation = CrossValidated(MODEL, X[::2], Y[::2], ["accuracy"], test=(X[1::2], Y[1::2]))
    one = trial(estimation, {"logisticregression__C": 0.5, "seed": 0}, final=True)
    told = one.train()
    saved = one.save(str(tmp_path))
    one.stop()
    assert told["done"]
    assert told["rows"] == 75
    model = load_estimator(tmp_path)
    assert model.score(X[1::2], Y[1::2]) == told["test_accuracy"] > 0.9
    assert model.get_params()["logisticregression__C"] == 0.5
    assert saved.checkpoint.path == str(tmp_path)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(n_estimators=3),
        HistGradientBoostingClassifier(max_iter=2),
        KNeighborsClassifier(),
        MLPClassifier(max_iter=2),
        GaussianProcessClassifier(),
        CalibratedClassifierCV(LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_models_of_scikit_learn_are_loaded_as_they_were(model, tmp_path):
    x, y = X[::5], Y[::5]
    one = trial(CrossValidated(model, x, y, ["accuracy"], test=(X, Y)), {}, final=True)
    told = one.train()
    one.save(str(tmp_path))
    one.stop()
    assert load_estimator(tmp_path).score(X, Y) == told["test_accuracy"]


def test_what_a_module_of_scikit_learn_imports_is_not_trusted_with_it(tmp_path):
    for given in (namedtuple, kernels.cdist):
        for name in (given.__module__, "sklearn.gaussian_process.kernels"):
            assert not is_trusted(f"{name}.{given.__name__}", tmp_path)
    assert is_trusted("sklearn.gaussian_process.kernels.RBF", tmp_path)


def is_trusted(name, folder):
    """Whether a file whose one type has that name passes as scikit-learn's."""
    skops.io.dump(kernels.RBF(), folder / "model.skops")
    with zipfile.ZipFile(folder / "model.skops") as file:
        files = {each: file.read(each) for each in file.namelist()}
    schema = json.loads(files["schema.json"])
    schema["__module__"], _, schema["__class__"] = name.rpartition(".")
    files["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(folder / "model.skops", "w") as file:
        for each, content in files.items():
            file.writestr(each, content)
    try:
        load_estimator(folder)
    except UserError:
        return False
    return True


def test_a_model_whose_file_names_unknown_code_is_not_loaded(tmp_path):
    model = make_pipeline(FunctionTransformer(_own), DummyClassifier())
    one = trial(CrossValidated(model, X, Y, ["accuracy"]), {}, final=True)
    one.train()
    one.save(str(tmp_path))
    one.stop()
    with pytest.raises(UserError, match="_own"):
        load_estimator(tmp_path)


def _own(rows):
    return rows


def test_frames_groups_and_regression_are_taken():
    frame = pd.DataFrame(X, columns=list("abcd"), index=range(100, 250))
    groups = np.arange(150) % 3
    splitter = list(GroupKFold(3).split(frame, Y, groups))
    estimation = CrossValidated(Ridge(), frame, pd.Series(Y), ["r2"], folds=_Listed(splitter))
    assert estimation.count == 3
    one = trial(estimation, {"alpha": 1.0})
    assert 0.8 < one.train()["r2"] < 1
    one.stop()


def test_all_trials_of_a_seed_are_judged_by_the_same_folds_whatever_the_splitter():
    for folds in (3, ShuffleSplit(3), KFold(3), KFold(3, shuffle=True)):
        own = CrossValidated(MODEL, X, Y, ["accuracy"], folds=folds)
        for (one, _), (same, _) in zip(own.splits(2), own.splits(2), strict=True):
            assert (one == same).all()
        assert own.count == 3
    assert folds.random_state is None, "the user's own stays as it is"


class _Listed:
    """A splitter, as scikit-learn has them."""

    def __init__(self, splits):
        self.splits = splits

    def get_n_splits(self, x=None, y=None, groups=None):
        return len(self.splits)

    def split(self, x, y=None, groups=None):
        return iter(self.splits)


def test_what_would_fail_in_every_trial_is_refused_beforehand():
    with pytest.raises(UserError, match="Did you mean 'accuracy'"):
        CrossValidated(MODEL, X, Y, ["acuracy"])
    with pytest.raises(UserError, match="inconsistent numbers of samples"):
        CrossValidated(MODEL, X, Y[1:], ["accuracy"])
    for folds, told in {
        1: "n_splits=2 or more",
        1000: "greater than",
        "5": "Expected `cv`",
    }.items():
        with pytest.raises(UserError, match=told):
            CrossValidated(MODEL, X, Y, ["accuracy"], folds=folds)
    with pytest.raises(UserError, match="no targets"):
        CrossValidated(MODEL, X, None, ["accuracy"])
    with pytest.raises(UserError, match="inconsistent"):
        CrossValidated(MODEL, X, Y, ["accuracy"], test=(X, Y[1:]))
    with pytest.raises(UserError, match=r"does not fit Pipeline.*Invalid parameter 'Q'"):
        CrossValidated(MODEL, X, Y, ["accuracy"]).check({"logisticregression": {"Q": 1}})
