import mlflow
import numpy as np
import pytest
import torch

from automl_on_ray.search_spaces._objective import Objective
from automl_on_ray.tracking._server import connect
from automl_on_ray.tracking.callback import TrackingCallback
from automl_on_ray.tracking.models import log_model


def network():
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(144, 10))


@pytest.fixture
def register(uri, tmp_path, make_study):
    """Track a study and register a model of it under one name."""

    def log(study_id, accuracy, **changes):
        study = make_study(study_id=study_id, **changes)
        folder = tmp_path / f"journal-{study_id}"
        tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=folder)
        assert tracker.study_end("completed")
        return log_model(
            uri,
            study,
            network(),
            torch.rand(1, 1, 8, 8),
            metrics={"test_accuracy": accuracy},
            config={"width": 4},
            registered_name="digits-cnn",
        )

    return log


def champion(uri):
    return str(connect(uri).get_model_version_by_alias("digits-cnn", "champion").version)


def test_a_model_comes_back_without_pickle_for_any_batch_size(uri, register, tmp_path):
    record = register("one", 0.9)
    stored = mlflow.artifacts.download_artifacts(record.uri, dst_path=str(tmp_path / "model"))
    names = {file.name for file in (tmp_path / "model").rglob("*")}
    assert stored
    assert "model.pt2" in names
    assert not [name for name in names if name.endswith((".pkl", ".pth", ".pickle"))]
    loaded = mlflow.pyfunc.load_model("models:/digits-cnn@champion")
    assert loaded.metadata.signature.inputs.inputs[0].shape == (-1, 1, 8, 8)
    assert loaded.input_example is not None
    images = np.random.default_rng(0).random((5, 1, 8, 8), dtype=np.float32)
    with torch.no_grad():
        expected = network().eval()(torch.from_numpy(images)).numpy()
    assert np.allclose(loaded.predict(images), expected, atol=1e-5)


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


def test_lower_is_better_where_the_objective_says_so(uri, register):
    loss = (Objective("loss", "min"),)

    assert register("first", 0.9, objectives=loss).champion
    assert register("second", 0.5, objectives=loss).champion


def test_a_study_registers_its_model_once(uri, register):
    first, again = register("one", 0.9), register("one", 0.9)
    assert (first.version, again.version) == ("1", "1")
    assert len(connect(uri).search_model_versions("name = 'digits-cnn'")) == 1


def test_a_store_that_is_away_costs_a_warning(make_study, capsys):
    record = log_model(
        "http://127.0.0.1:1",
        make_study(),
        network(),
        torch.rand(2, 1, 8, 8),
        metrics={"accuracy": 1.0},
        config={},
        registered_name="digits-cnn",
    )
    assert record is None
    assert "could not be stored" in capsys.readouterr().err
