"""The registered model takes arrays and lists of series, and runs without this project."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.series import CNN, NEAREST, ROCKET
from automl_on_ray.trainables.registered_models import bring_code
from automl_on_ray.trainables.series_classes.models import FitSettings, fit, stack
from automl_on_ray.trainables.series_classes.registered import (
    BROUGHT,
    Bagged,
    Member,
    SeriesModel,
)
from tests.trainables.series_classes.made_series import waves

CONFIGS = {
    "a": {**ROCKET, "rocket_kernels": 100},
    "b": NEAREST,
    "c": {**CNN, "cnn_width": 16, "cnn_depth": 1, "cnn_steps": 100},
}
ALONE = """
import importlib, json, sys
sys.modules["automl_on_ray"] = None  # not to be imported
sys.path.insert(0, sys.argv[1])
import numpy
model = importlib.import_module(sys.argv[2])._load_pyfunc(sys.argv[3])
print(json.dumps(model.predict(numpy.load(sys.argv[4])).to_dict("list")))
"""


@pytest.fixture(scope="module")
def bagged():
    series, labels = waves(20, channels=2)
    values, codes = stack(series), np.array(["ab".index(one) for one in labels])
    members = {
        trial: Member(weight, config["model"], fit(config, values, codes, FitSettings(2)))
        for weight, (trial, config) in enumerate(CONFIGS.items(), 1)
    }
    return Bagged(members, classes=("a", "b"), channels=2)


def test_an_answer_is_a_row_with_a_label_and_all_probabilities(bagged):
    answer = SeriesModel(bagged).predict(np.stack(waves(4, channels=2, seed=1)[0]))
    assert list(answer) == ["label", "probability", "P(a)", "P(b)"]
    assert (answer["P(a)"] + answer["P(b)"]).to_numpy() == pytest.approx(1)
    np.testing.assert_allclose(answer["probability"], answer[["P(a)", "P(b)"]].max(axis=1))


def test_a_list_of_unlike_lengths_and_an_array_with_nan_after_the_ends_are_the_same(bagged):
    series, _ = waves(4, channels=2, seed=1, unequal=True)
    model = SeriesModel(bagged)
    one, other = model.predict(series), model.predict(stack(series))
    np.testing.assert_allclose(one["P(a)"], other["P(a)"], atol=1e-6)


def test_no_series_have_no_answers(bagged):
    assert len(SeriesModel(bagged).predict([])) == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([np.ones((3, 5))], r"Series 0 needs the shape \(2, length\)"),
        ([np.full((2, 5), np.nan)], "Series 0 has no values"),
        ([np.full((2, 5), np.inf)], "Series 0 holds an infinite number"),
        ([["a", "b"]], "Series 0 is no array of numbers"),
        ([np.full((2, 5), 1e39)], "Series 0 holds an infinite number, or one beyond 3.4e"),
        (pd.DataFrame(np.ones((2, 5))), "An array or a list of arrays is expected, not DataFrame"),
        (np.ones(5), "Several series are expected"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_its_place(given, said, bagged):
    with pytest.raises(ValueError, match=said):
        SeriesModel(bagged).predict(given)


def test_it_runs_without_this_project(bagged, tmp_path):
    code = bring_code(BROUGHT, tmp_path / "code")
    bagged.save(tmp_path / "model")
    asked = stack(waves(4, channels=2, seed=1)[0])
    np.save(tmp_path / "asked.npy", asked)
    given = [code.parent, code.name, tmp_path / "model", tmp_path / "asked.npy"]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, given)], cwd=tmp_path, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(
        json.loads(done.stdout)["P(a)"], bagged.predict(asked)[:, 0], atol=1e-6
    )
