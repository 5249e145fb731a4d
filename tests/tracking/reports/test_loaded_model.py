"""A registered model at work: in a program, and behind MLflow's server as the guide says."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from automl_on_ray import load_model
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.tracking import Study, TrackingCallback
from automl_on_ray.tracking.reports import log_model
from automl_on_ray.tracking.store import default_uri
from automl_on_ray.trainables.registered_models import picture_model
from tests.helpers.waiting import free_port, wait_until

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GUIDE = (Path(__file__).parents[3] / "docs" / "guide.md").read_text()
DIGITS = load_digits()
PIXELS = np.rint(DIGITS.images * 255 / 16).astype(np.uint8)


def trained():
    """Least squares: enough to tell most digits that it has seen."""
    inputs = np.hstack([PIXELS.reshape(-1, 64) / 255, np.ones((len(PIXELS), 1))])
    weights = np.linalg.lstsq(inputs, 10 * np.eye(10)[DIGITS.target], rcond=None)[0]
    layer = torch.nn.Linear(64, 10)
    layer.weight.data = torch.tensor(weights[:-1].T / 255, dtype=torch.float32)
    layer.bias.data = torch.tensor(weights[-1], dtype=torch.float32)
    return torch.nn.Sequential(torch.nn.Flatten(), layer).eval()


with torch.no_grad():
    SEEN = trained()(torch.from_numpy(PIXELS[:, None]).float()).argmax(dim=1).numpy()


@pytest.fixture(scope="module")
def home(template, tmp_path_factory):
    """A folder with `runs`, where the model `digits` is registered."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "runs").mkdir()
    shutil.copy(template, folder / "runs" / "mlflow.db")
    uri = default_uri(folder / "runs")
    study = Study(
        "s", (Objective("accuracy"),), "digits", "d1g", "x", "random", "fifo", 0, "", "id", 1
    )
    tracking = TrackingCallback(uri=uri, experiment="e", study=study, folder=folder / "journal")
    assert tracking.study_end("completed")
    example = torch.from_numpy(PIXELS[:2, None]).float()
    model = picture_model(trained(), example, WORDS, 200, metrics={"accuracy": 0.9})
    assert log_model(uri, study, model, config={}, registered_name="digits")
    seven = int(np.flatnonzero((DIGITS.target == 7) & (SEEN == 7))[0])
    Image.fromarray(PIXELS[seven]).save(folder / "seven.png")
    return folder


@pytest.fixture(scope="module")
def model(home):
    return load_model("digits", home / "runs")


def test_pictures_of_any_form_get_their_words_and_probabilities(model, home):
    several = PIXELS[:20]
    forms = [several, several / 255, list(several), [Image.fromarray(one) for one in several]]
    for form in forms:
        answer = model.predict(form)
        assert list(answer.columns) == ["label", "probability", *(f"P({w})" for w in WORDS)]
        assert list(answer["label"]) == [WORDS[digit] for digit in SEEN[:20]]
        assert np.allclose(answer.iloc[:, 2:].sum(axis=1), 1)
    for one in (home / "seven.png", str(home / "seven.png"), Image.open(home / "seven.png")):
        assert list(model.predict(one)["label"]) == ["seven"]
    dark = model.predict(several / 255 / 3, scale="0..1")
    assert len(dark) == 20


def test_it_says_what_it_takes(model):
    assert model.classes == list(WORDS)
    assert model.image_shape == (1, 8, 8)
    assert "models:/digits@champion: grey pictures, 8 wide and 8 high -> zero, one" in repr(model)
    with pytest.raises(ValueError, match="8 high and 8 wide"):
        model.predict(np.zeros((9, 9), np.uint8))


@pytest.mark.parametrize("name", ["digits/1", "digits@champion", "models:/digits/1"])
def test_a_version_may_be_named_in_several_ways(home, name):
    found = load_model(name, tracking_uri=default_uri(home / "runs"))
    assert found.classes == list(WORDS)


def test_to_load_a_model_leaves_the_programs_own_store_alone(home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)
    load_model("digits", home / "runs")
    assert os.environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:9"
    assert "MLFLOW_REGISTRY_URI" not in os.environ


def test_a_model_or_a_store_that_is_not_there_is_refused_and_nothing_is_made(home, tmp_path):
    with pytest.raises(UserError, match="There is no model 'models:/letters@champion'"):
        load_model("letters", home / "runs")
    with pytest.raises(UserError, match="There is no study"):
        load_model("digits", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def documented(first, port):
    """The guide's command that begins so, for this model and this port."""
    command = re.search(rf"^    ({re.escape(first)}(?:.*\\\n)*.*)", GUIDE, re.MULTILINE)[1]
    changes = {"models:/hpo-mnist": "models:/digits", "5001": str(port)}
    for old, new in changes.items():
        command = command.replace(old, new)
    return command


@pytest.mark.whole
def test_the_served_model_answers_the_guides_request(home):
    (home / ".venv").symlink_to(sys.prefix)
    port = free_port()
    words = [documented(first, port) for first in ("export MLFLOW", "mlflow models")]
    shell = {"PATH": os.environ["PATH"], "HOME": str(home)}
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            ["bash", "-c", "\n".join(words)], cwd=home, env=shell, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip

    def answers():
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2).close()
        except OSError:
            return False
        return True

    try:
        wait_until(answers, process=server)
        told = subprocess.run(
            ["bash", "-c", documented("curl", port)], cwd=home, env=shell, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        (answer,) = json.loads(told.stdout)["predictions"]
        assert answer["class"] == "seven"
        assert answer["probability"] == answer["P(seven)"] > answer["P(one)"]
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # its own session: the server and its worker
        server.wait(timeout=60)
