"""Models of other kinds than pictures: frames in, whole folders of data, parameters.

On a server and without this project: test_table_models.py (frames), test_models.py (parameters).
"""

import json
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.data_kinds import ArrayInput, FinalModel
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.reports import load_from, log_model
from tests.tracking.reports import frame_model

FRAME = pd.DataFrame({"size": [1, 2], "age": [0.5, 4.0], "town": ["x", "y"]})


def write(folder):
    (folder / "weights").mkdir()
    (folder / "weights" / "weights.json").write_text(json.dumps({"size": 1, "age": 1}))
    return folder / "weights"


MODEL = FinalModel(
    write=write,
    code=(Path(frame_model.__file__),),
    inputs=(("size", "any"), ("age", "double"), ("town", "string")),
    outputs=(("class", "string"), ("probability", "double"), ("town", "string")),
    params={"times": 1},
    example=FRAME,
    requirements=("pandas",),
    facts={"kind": "table", "target": "price", "classes": ["high", "low"],
           "columns": {"size": "number", "age": "number", "town": "category"}},
    page="Model {name}, version {version}, of {braces}.",
    metrics={"test_auc": 0.9},
)  # fmt: skip


@pytest.fixture
def logged(uri, tmp_path, make_study):
    def log(model):
        study = make_study()
        tracker = TrackingCallback(
            uri=uri, experiment="e", study=study, folder=tmp_path / "journal"
        )
        assert tracker.study_end("completed")
        record = log_model(uri, study, model, config={"a": 1}, registered_name="sums")
        assert record is not None
        return record

    return log


def test_a_model_of_a_table_takes_a_frame_in_any_order_and_names_what_is_missing(uri, logged):
    record = logged(MODEL)
    model = load_from(uri, "sums")
    assert repr(model) == (
        "<Model models:/sums@champion: a table of size, age, town -> price: high, low>"
    )
    assert list(model.predict(FRAME)["label"]) == ["low", "high"]
    turned = FRAME[["town", "age", "size"]].assign(extra=1)
    assert model.predict(turned).equals(model.predict(FRAME))
    with pytest.raises(mlflow.MlflowException, match=r"missing inputs \['age'\]"):
        model.predict(FRAME.drop(columns="age"))
    page = mlflow.MlflowClient(uri).get_model_version("sums", record.version).description
    assert page == "Model sums, version 1, of {braces}."


def test_a_column_that_is_optional_may_be_missing(uri, logged):
    logged(replace(MODEL, optional=("size",)))
    model = load_from(uri, "sums")
    with pytest.raises(KeyError, match="size"):  # the model's own word: MLflow has let it pass
        model.predict(FRAME.drop(columns="size"))


def test_a_model_of_no_known_kind_answers_as_it_is(uri, logged):
    logged(replace(MODEL, facts={"made of": "sums"}))
    model = load_from(uri, "sums")
    assert model.facts == {"made of": "sums"}
    assert repr(model).endswith("size, age, town -> class, probability, town>")
    assert list(model.predict(FRAME, times=3)["class"]) == ["high", "high"]


def test_an_array_is_the_models_own_to_check(uri, logged):
    array = ArrayInput("float32", (-1, 3))
    logged(replace(MODEL, facts={}, inputs=array, example=np.zeros((2, 3), np.float32)))
    model = load_from(uri, "sums")
    assert "float32" in repr(model)
    assert list(model.predict(FRAME)["class"]) == ["low", "high"]


def test_a_model_that_was_never_tested_is_judged_by_the_objective(uri, logged):
    assert logged(replace(MODEL, metrics={"accuracy": 0.5}, chance=0.9)).champion
    version = mlflow.MlflowClient(uri).get_model_version("sums", "1")
    assert version.tags["automl.metric"] == "accuracy"
