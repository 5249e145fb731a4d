import json
import subprocess
import sys

import mlflow
import numpy as np
import pytest
import torch

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.reports import log_model
from automl_on_ray.tracking.store import connect
from automl_on_ray.trainables.registered_models import picture_model

CLASSES = tuple("0123456789")


def network():
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten()]
    last = torch.nn.Linear(144, 10)
    last.weight.data /= 100  # pixels up to 255 leave every class a chance
    return torch.nn.Sequential(*layers, last)


@pytest.fixture
def register(uri, tmp_path, make_study):
    """Track a study and register a model of it under one name."""

    def log(study_id, value, metric="test_accuracy", **changes):
        study = make_study(study_id=study_id, **changes)
        folder = tmp_path / f"journal-{study_id}"
        tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=folder)
        assert tracker.study_end("completed")
        return log_model(
            uri,
            study,
            picture_model(
                network(),
                torch.rand(1, 1, 8, 8) * 255,
                CLASSES,
                200,
                metrics={metric: value},
                chance=0.15,
            ),
            config={"width": 4},
            registered_name="digits-cnn",
        )

    return log


def champion(uri):
    return str(connect(uri).get_model_version_by_alias("digits-cnn", "champion").version)


ASKED = """
import json, socket, sys, threading
from pathlib import Path
import mlflow, requests, uvicorn, numpy as np
from mlflow.pyfunc.scoring_server import init
from PIL import Image

folder = Path(sys.argv[1])
images = np.load(folder / "images.npy")
model = mlflow.pyfunc.load_model(str(folder / "model"))
for index, image in enumerate(images[:, 0]):
    Image.fromarray(image).save(folder / f"{index}.png")
paths = [str(folder / f"{index}.png") for index in range(len(images))]
forms = [images, images / 255, images[:, 0].astype(float), paths, list(map(Image.open, paths))]
answers = [model.predict(form) for form in forms]
answers.append(model.predict(images / 255 / 9, params={"scale": "0..1"}))
door = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(init(model), log_level="error"))
threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True).start()

def ask(content):
    url = f"http://127.0.0.1:{door.getsockname()[1]}/invocations"
    answer = requests.post(url, json=content, timeout=60)
    return answer.status_code, answer.json()

print(json.dumps({
    "answers": [answer.to_dict("list") for answer in answers],
    "served": ask({"inputs": (images / 255).tolist()}),
    "dark": ask({"inputs": (images // 100).tolist()}),
    "told": ask({"inputs": (images // 100).tolist(), "params": {"scale": "0..255"}}),
    "path": ask({"inputs": paths}),
    "ours": sorted({"trainables", "tracking", "automl_on_ray"} & set(sys.modules)),
}))
"""


def test_a_model_answers_alike_in_a_process_that_has_only_its_files(uri, register, tmp_path):
    """In another folder, and to those who ask MLflow's server, without this project's code."""
    record = register("one", 0.9)
    mlflow.artifacts.download_artifacts(record.uri, dst_path=str(tmp_path / "model"))
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 8, 8), dtype=np.uint8)
    images[:, :, 0, 0] = 255
    np.save(tmp_path / "images.npy", images)
    with torch.no_grad():
        logits = network().eval()(torch.from_numpy(images).float())
    expected = logits.argmax(dim=1).tolist()

    done = subprocess.run(
        [sys.executable, "-P", "-c", ASKED, str(tmp_path)], cwd="/", text=True,
        capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])

    for answer in told["answers"][:-1]:
        assert answer["class"] == [CLASSES[index] for index in expected]
        probabilities = np.stack([answer[f"P({name})"] for name in CLASSES], axis=1)
        assert np.allclose(probabilities, logits.softmax(dim=1), atol=1e-4)
    status, served = told["served"]
    assert status == 200
    assert [row["class"] for row in served["predictions"]] == told["answers"][0]["class"]
    assert told["dark"][0] == 400
    assert "The brightest pixel is 2" in json.dumps(told["dark"][1])
    assert told["told"][0] == 200
    assert told["path"][0] == 400
    assert "A server opens no paths" in json.dumps(told["path"][1])
    assert told["ours"] == []


def test_a_model_is_kept_without_pickle_and_says_what_it_takes(uri, register, tmp_path):
    record = register("one", 0.9)
    mlflow.artifacts.download_artifacts(record.uri, dst_path=str(tmp_path / "model"))
    names = {file.name for file in (tmp_path / "model").rglob("*")}
    assert "model.pt2" in names
    assert not [name for name in names if name.endswith((".pkl", ".pth", ".pickle"))]
    loaded = mlflow.pyfunc.load_model("models:/digits-cnn@champion")
    signature = loaded.metadata.signature
    assert signature.inputs.inputs[0].shape == (-1, 1, 8, 8)
    assert signature.inputs.inputs[0].type == np.uint8
    assert signature.outputs.input_names()[:3] == ["class", "probability", "P(0)"]
    assert signature.params.params[0].name == "scale"
    assert len(loaded.predict(loaded.input_example)) == 2
    page = connect(uri).get_model_version("digits-cnn", record.version).description
    for words in ("8 wide and 8 high, grey", "(N, C, H, W)", '{"scale": "0..1"}', "`P(NAME)`"):
        assert words in page


def test_the_champion_is_beaten_only_by_a_better_one_on_the_same_data(uri, register):
    assert register("first", 0.9).champion
    worse = register("second", 0.8)
    assert (worse.champion, champion(uri)) == (False, "1")
    assert "not better" in worse.reason
    other = register("third", 0.99, dataset_digest="other data")
    assert (other.champion, champion(uri)) == (False, "1")
    assert "data set" in other.reason
    better = register("fourth", 0.95)
    assert (better.champion, champion(uri)) == (True, better.version)


def test_a_network_at_chance_level_is_never_the_champion(uri, register):
    guessing = register("first", 0.11)
    assert not guessing.champion
    assert "no better than chance" in guessing.reason
    assert not connect(uri).get_registered_model("digits-cnn").aliases
    assert register("second", 0.5).champion


def test_lower_is_better_where_the_objective_says_so(uri, register):
    loss = {"metric": "test_loss", "objectives": (Objective("val_loss", "min"),)}
    assert register("first", 0.9, **loss).champion
    assert register("second", 0.5, **loss).champion
    assert not register("third", 0.7, **loss).champion


def test_where_the_objective_is_not_tested_what_tests_are_told_by_decides(uri, register):
    """Its direction is its own, not that of the objective."""
    asked = {
        "objectives": (Objective("latency", "min"),),
        "test_metrics": (Objective("test_accuracy"), Objective("test_loss", "min")),
    }
    assert register("first", 0.5, **asked).champion
    assert not register("second", 0.4, **asked).champion
    assert register("third", 0.9, **asked).champion


def test_a_study_registers_its_model_once(uri, register):
    first, again = register("one", 0.9), register("one", 0.9)
    assert (first.version, again.version) == ("1", "1")
    assert len(connect(uri).search_model_versions("name = 'digits-cnn'")) == 1


def test_a_store_that_is_away_costs_a_warning(make_study, capsys):
    record = log_model(
        "http://127.0.0.1:1",
        make_study(),
        picture_model(network(), torch.rand(2, 1, 8, 8), CLASSES, metrics={"accuracy": 1.0}),
        config={},
        registered_name="digits-cnn",
    )
    assert record is None
    assert "could not be stored" in capsys.readouterr().err
