"""docs/python/rows.py, a trainable with data and a model of its own: what a study makes of it."""

import json
import subprocess
import sys

import mlflow
import numpy as np
import pytest
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_diabetes

from automl_on_ray import load_model
from automl_on_ray.tracking.store import default_uri, pointed_at
from tests.helpers.studies import ONE, run, runs_of

ROWS = ["--trainable", "docs.python.rows:Regression", "--space", "docs.python.rows:SPACE",
        "--objective=-rmse"]  # fmt: skip
SMALL = [*ROWS, *ONE, "--trials", 2, "--epochs", 3, "--searcher", "random", "--final-seeds", 2]
ASKED = """
import sys, mlflow, numpy as np
model = mlflow.pyfunc.load_model(sys.argv[1])
answer = model.predict(np.load(sys.argv[2])["x"][:5])
print(answer["prediction"].tolist())
print(sorted({"automl_on_ray", "docs", "ray"} & set(sys.modules)))
"""


@pytest.fixture
def file(tmp_path):
    x, y = load_diabetes(return_X_y=True)
    np.savez(tmp_path / "rows.npz", x=x, y=y / 100)
    return tmp_path / "rows.npz"


@pytest.mark.whole
def test_its_final_model_is_tested_told_registered_and_loads_without_this_project(
    storage, ray_cluster, file, tmp_path
):
    result = run(storage, "rows", *SMALL, "--dataset", file)
    assert result.exit_code == 0, result.output
    for said in ("test_rmse: ", "2 seeds", "Registered as models:/hpo-rows/1: the champion"):
        assert said in result.output
    repeats = runs_of(storage, "rows")["final"]
    mean = np.mean([one.data.metrics["test_rmse"] for one in repeats])
    version = MlflowClient(default_uri(storage)).get_model_version("hpo-rows", "1")
    assert version.tags["automl.metric"] == "test_rmse"
    assert float(version.tags["automl.value"]) == pytest.approx(mean)
    assert "takes (n, 10) numbers" in version.description
    assert 'load_model("models:/hpo-rows/1")' in version.description
    (study,) = runs_of(storage, "rows")["study"]
    (data,) = {one.dataset.name: one.dataset for one in study.inputs.dataset_inputs}.values()
    assert (data.name, json.loads(data.profile)) == ("rows", {"rows": 442, "columns": 10})

    model = load_model("hpo-rows", storage)
    assert repr(model).endswith("-> prediction>")
    x, y = (np.load(file)[key] for key in "xy")
    here = model.predict(x)["prediction"]
    assert np.sqrt(np.mean((here - y) ** 2)) == pytest.approx(mean, rel=0.3)
    with pytest.raises(ValueError, match="rows of 10 finite numbers"):
        model.predict(x[:, :3])

    with pointed_at(default_uri(storage)):
        mlflow.artifacts.download_artifacts("models:/hpo-rows/1", dst_path=str(tmp_path / "model"))
    done = subprocess.run(
        [sys.executable, "-P", "-c", ASKED, str(tmp_path / "model"), str(file)],
        cwd="/", text=True, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer, ours = done.stdout.splitlines()[-2:]
    assert json.loads(answer) == pytest.approx(list(here[:5]))
    assert ours == "[]"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"x": np.zeros((3, 2))}, "is no .npz with x and y"),
        ({"x": np.zeros((3, 2)), "y": np.zeros(2)}, "not (n, c) and (n,)"),
        ({"x": np.full((3, 2), np.nan), "y": np.zeros(3)}, "has 3 rows with what is no number"),
    ],
)
def test_a_mistake_in_its_data_is_told_in_a_line_before_anything_is_started(given, said, tmp_path):
    np.savez(tmp_path / "bad.npz", **given)
    result = run(tmp_path / "runs", "bad", *SMALL, "--dataset", tmp_path / "bad.npz")
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "runs" / "bad").exists()


def test_what_is_to_be_known_of_its_data_is_said(tmp_path):
    np.savez(tmp_path / "own.npz", x=np.arange(6.0).reshape(3, 2) * [0, 1], y=np.zeros(3))
    result = run(tmp_path / "runs", "said", *SMALL, "--dataset", tmp_path / "own.npz",
                 "--tracking-uri", "http://127.0.0.1:9")  # fmt: skip
    assert result.exit_code == 2
    assert "own: 1 columns are the same in all rows." in result.output
