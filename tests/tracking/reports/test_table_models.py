"""A model of a table in MLflow: registered, loaded without this project, and served."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.reports import load_from, log_model
from automl_on_ray.trainables.tables import final_model_of, give_table, load_table, refit, single
from tests.trainables.tables.fitted_tables import CONFIGS

ASKED = """
import json, socket, sys, threading

class Absent:  # this project is installed for the tests, and must not be found
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "automl_on_ray":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import mlflow, pandas as pd, requests, uvicorn
from mlflow.pyfunc.scoring_server import init

mlflow.set_tracking_uri(sys.argv[1])
rows = pd.read_json(sys.argv[3], dtype=False, convert_dates=False)
model = mlflow.pyfunc.load_model(sys.argv[2])
answers = {"plain": model.predict(rows), "turned": model.predict(rows[rows.columns[::-1]]),
           "unknown": model.predict(rows.assign(word="never seen", number=None))}
try:
    model.predict(rows.drop(columns="number"))
    refused = ""
except Exception as error:
    refused = str(error)
door = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(init(model), log_level="error"))
threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True).start()

def ask(content):
    url = f"http://127.0.0.1:{door.getsockname()[1]}/invocations"
    return pd.DataFrame(requests.post(url, json=content, timeout=60).json()["predictions"])

answers["records"] = ask({"dataframe_records": json.loads(rows.to_json(orient="records"))})
answers["split"] = ask({"dataframe_split": json.loads(rows.to_json(orient="split"))})
told = {name: answer.to_dict(orient="list") for name, answer in answers.items()}
print(json.dumps({"answers": told, "refused": refused}))
"""


def frame(rows=400):
    """Numbers, words and dates, with missing ones."""
    generator = np.random.default_rng(0)
    number = generator.normal(size=rows)
    word = generator.choice(["a", "b", "c"], rows)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 700, rows), "D")
    late = (day > pd.Timestamp("2025-01-01")).astype(float)
    score = number + (word == "a") + late + generator.normal(0, 0.4, rows)
    number[::20] = np.nan
    return pd.DataFrame({
        "number": number, "word": word, "day": day.strftime("%Y-%m-%d"),
        "answer": np.where(score > 1, "yes", "no"), "value": score,
    })  # fmt: skip


def registered(uri, study, tmp_path, target):
    """A model of that target as MLflow has it, and the rows to ask it for."""
    data = frame().drop(columns={"answer", "value"} - {target})
    table = load_table({"dataset": give_table(data), "target": target, "folds": 2})
    model = single(table, "t_1", refit(table, CONFIGS["boosting"]))
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "journal")
    assert tracker.study_end("completed")
    metric = study.objectives[0].metric
    final = final_model_of(model, table, {f"test_{metric}": 0.9}, folder=tmp_path)
    record = log_model(uri, study, final, config={"model": "boosting"}, registered_name="tables")
    assert record is not None
    return record, model, data.drop(columns=target).head(12)


@pytest.mark.whole
def test_a_registered_model_answers_without_this_project_also_on_a_server(
    uri, tmp_path, make_study
):
    """A table's models without this project: tests/trainables/tables/registered.

    A model on a server: test_models.py.
    """
    study = make_study(objectives=(Objective("auc"),), dataset="rows")
    record, model, rows = registered(uri, study, tmp_path, "answer")
    rows.to_json(tmp_path / "rows.json", orient="records")
    words = [sys.executable, "-c", ASKED, uri, record.uri, str(tmp_path / "rows.json")]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    expected = model.predict(rows)
    for form in ("plain", "turned", "records", "split"):
        found = told["answers"][form]
        assert list(found) == ["label", "probability", "P(no)", "P(yes)"]
        np.testing.assert_allclose(found["P(yes)"], expected[:, 1], err_msg=form)
    assert set(told["answers"]["unknown"]["label"]) <= {"no", "yes"}
    assert "number" in told["refused"]


@pytest.mark.slow
def test_a_program_loads_it_by_name_and_sees_what_it_takes(uri, tmp_path, make_study):
    study = make_study(objectives=(Objective("rmse", "min"),), dataset="rows")
    record, model, rows = registered(uri, study, tmp_path, "value")
    assert record.champion
    loaded = load_from(uri, "tables")
    assert loaded.columns == {"number": "number", "word": "category", "day": "date"}
    assert (loaded.target, loaded.classes) == ("value", [])
    told = loaded.predict(rows)
    np.testing.assert_allclose(told["value"], model.predict(rows))
