"""Exported files: they answer as the model does, and need neither this project nor MLflow."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from automl_on_ray.search_spaces.cells import build, published_cell
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import Study, TrackingCallback
from automl_on_ray.tracking.reports import log_model
from automl_on_ray.tracking.store import default_uri
from automl_on_ray.trainables.registered_models import Predictor, picture_model
from automl_on_ray.workflows.export import export

app = typer.Typer()
app.command()(export)

CONFIG = {**published_cell("darts_v2"), "channels": 4, "layers": 2, "stem_stride": 1}
RECIPE = {
    "build": "automl_on_ray.search_spaces.cells.network:build", "config": CONFIG,
    "image_shape": [1, 12, 12], "classes": ["a", "b", "c"], "mean": [0.1], "std": [0.3],
}  # fmt: skip


def untrained():
    """A small one: to export it takes a moment."""
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12 * 12, 3))
    return Predictor(network, [0.1], [0.3]).eval()


def trained():
    """With an auxiliary head and statistics that are not those of the start."""
    torch.manual_seed(0)
    network = build({**CONFIG, "auxiliary_weight": 0.4}, (1, 12, 12), 3)
    for _ in range(3):
        network(torch.randn(8, 1, 12, 12))
    return Predictor(network, [0.1], [0.3]).eval()


@pytest.fixture(scope="module")
def storage(storage):
    """A store with models: one with its recipe, one without, some with another's."""
    folder = storage
    evil = {**RECIPE, "build": f"os:(open({str(folder / 'ran')!r}, 'w'))"}
    other = {**RECIPE, "answers": [[0.0, 0.0, 0.0]] * 3}
    models = {
        "cells": (trained, RECIPE), "other": (trained, other), "bare": (untrained, None),
        "evil": (untrained, evil), "pickled": (untrained, RECIPE),
    }  # fmt: skip
    for name, (model, recipe) in models.items():
        study = Study(
            name=name, objectives=(Objective("accuracy"),), dataset="digits", dataset_digest="d",
            space="darts", searcher="random", scheduler="fifo", seed=0, command="none",
            study_id=name, max_t=1,
        )  # fmt: skip
        tracker = TrackingCallback(
            uri=default_uri(folder), experiment="test", study=study, folder=folder / name
        )
        assert tracker.study_end("completed")
        logged = log_model(
            default_uri(folder), study,
            picture_model(
                model(), torch.zeros(2, 1, 12, 12), ("a", "b", "c"),
                metrics={"test_accuracy": 0.9}, recipe=recipe,
            ),
            config=CONFIG, registered_name=name,
        )  # fmt: skip
        assert logged is not None
    for path in folder.rglob("*.pt2"):
        with zipfile.ZipFile(path, "a") as archive:
            if b"pickled" in (path.parents[1] / "MLmodel").read_bytes():
                archive.writestr("model/data/constants/opaque_obj_0", b"cposix\nsystem\n.")
    return folder


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.slow
def test_a_model_becomes_files_that_answer_as_it_does(storage, tmp_path):
    out = tmp_path / "exported"
    result = run("models:/cells@champion", "--out", out, "--storage", storage)
    assert result.exit_code == 0, result.output
    assert {file.name for file in out.iterdir()} == {
        "model.pt2", "model.onnx", "network.py", "weights.pt",
    }  # fmt: skip
    assert "all answer as the model does" in result.output

    images = torch.rand(4, 1, 12, 12, generator=torch.Generator().manual_seed(1)) * 255
    torch.save(images, tmp_path / "images.pt")
    # Isolated from this project: only the folder with the file is on the path.
    code = (
        "import sys, torch; sys.path.insert(0, '.'); import network;"
        f"images = torch.load({str(tmp_path / 'images.pt')!r});"
        f"torch.save(network.load()(images), {str(tmp_path / 'answers.pt')!r});"
        "assert not {'ray', 'mlflow', 'automl_on_ray'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-I", "-c", code], cwd=out, check=True)
    with torch.no_grad():
        expected = trained()(images)
    answers = torch.load(tmp_path / "answers.pt")
    torch.testing.assert_close(answers, expected)
    again = torch.export.load(out / "model.pt2").module()(images)
    torch.testing.assert_close(again, expected)

    taken = run("models:/cells@champion", "--out", out, "--storage", storage)
    assert taken.exit_code == 2
    assert "exists already" in taken.stderr


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("models:/nothing/1", "There is no model 'models:/nothing/1'"),
        ("runs:/0123456789abcdef0123456789abcdef/model", "There is no model 'runs:/"),
        ("models:/bare/1", "was not stored by workflows/hpo.py or workflows/nas.py"),
        ("models:/evil/1", "it is not run"),
        ("models:/pickled/1", "may run code: it is not loaded"),
        ("models:/other/1", "gives other answers than the model"),
        ("the best one", "There is no model 'the best one'"),
    ],
)
def test_what_is_no_model_is_one_line(model, message, storage, tmp_path):
    result = run(model, "--out", tmp_path / "exported", "--storage", storage)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert not (storage / "ran").exists()
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "exported").exists()


def test_a_folder_without_studies_is_told(tmp_path):
    result = run("models:/cells/1", "--out", tmp_path / "out", "--storage", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "There is no study in" in result.stderr
    assert not Path(tmp_path / "nowhere").exists()
